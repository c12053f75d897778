import ArgumentParser
import Glibc
import LehrCore
import LehrMembership
import LehrRPC

struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Move all that a shard owns to others, and let it end.",
        discussion: """
            Jobs go on meanwhile, and lose nothing. The shard gets nothing more, and its process ends by \
            itself once it owns nothing. Waits for that; an interrupt ends the waiting only.
            """)

    @OptionGroup var client: ClientFlags
    @Argument(help: "The shard's name; see `lehr members`.")
    var member: String
    @Flag(inversion: .prefixedNo, help: "Wait until it has left.")
    var wait = true

    private struct Row: Encodable {
        let member: String
        let partitions: Int
        let hasLeft: Bool
    }

    /// How often it is asked what is left.
    private static let interval = Duration.milliseconds(250)

    func run() async throws {
        try await ControlClient.with(client.settings) { client in
            var last = try await client.drain(member)
            try show(last)
            guard wait else { return }
            while let left = try left(on: try await client.map()) {
                if left != last { try show(left) }
                last = left
                try await Task.sleep(for: Self.interval)
            }
            try show(0, hasLeft: true)
        }
    }

    /// Partitions that the shard still has; nil once it has left.
    private func left(on map: ClusterMap) throws -> Int? {
        guard let shard = map.members.first(where: { $0.name == member }) else { return nil }
        guard shard.isDraining else {
            throw ClientError(
                "\(member) is not being drained any more: a partition could not move (the coordinator's "
                    + "log says why), no other shard is left, or its process has been started anew")
        }
        return map.tables.reduce(0) {
            $0 + $1.partitions.count { $0.isHeld(by: shard.incarnation) }
        }
    }

    private func show(_ partitions: Int, hasLeft: Bool = false) throws {
        if client.json {
            let row = Row(member: member, partitions: partitions, hasLeft: hasLeft)
            print(try Formatting.jsonLine(row))
        } else if hasLeft {
            print("\(member) has left, and nothing is lost")
        } else {
            print("\(member): \(partitions) partitions to hand over")
        }
        fflush(nil)
    }
}
