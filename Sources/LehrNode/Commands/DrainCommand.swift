import ArgumentParser
import Foundation
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
        let partitions: UInt32
        let hasLeft: Bool
    }

    /// How often it is asked what is left.
    private static let interval = Duration.milliseconds(250)

    func run() async throws {
        try await ControlClient.with(client.settings) { client in
            try show(try await client.drain(member))
            guard wait else { return }
            var last: UInt32?
            while true {
                try await Task.sleep(for: Self.interval)
                guard
                    try await client.members().members.contains(where: { $0.member.name == member })
                else { break }
                let left = try await client.partitionsLeft(on: member)
                if left != last, let left { try show(left) }
                last = left
            }
            try show(0, hasLeft: true)
        }
    }

    private func show(_ partitions: UInt32, hasLeft: Bool = false) throws {
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
