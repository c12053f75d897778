import ArgumentParser
import LehrCore
import LehrMembership
import LehrTable

struct PlacementMoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Move a partition to another core while jobs go on.",
        discussion: """
            Nothing is lost or applied twice, whatever fails meanwhile. Waits until the new owner is \
            open; an interrupt ends the waiting only.
            """)

    @OptionGroup var client: ClientFlags
    @Argument(help: "The job's number.")
    var job: UInt64
    @Argument(help: "The table's name; see `lehr placement`.")
    var table: String
    @Argument(help: "The partition's number.")
    var partition: UInt32
    @Argument(help: "The shard that is to own it.")
    var shard: String
    @Option(help: "The core of that shard.")
    var core: UInt32 = 0
    @Flag(inversion: .prefixedNo, help: "Wait until it has moved.")
    var wait = true

    private struct Row: Encodable {
        let table: String
        let partition: UInt32
        let from: String
        let to: String
        let isMoved: Bool
        let seconds: Double
    }

    func run() async throws {
        let begin = ContinuousClock.now
        let (from, isMoved) = try await ControlClient.with(client.settings) { client in
            let before = try await placed(on: client.map())
            try await client.move(before.id, to: shard, core: core)
            let now = wait ? try await client.awaitMove(of: before.id) : nil
            return (before.partition.ownerName, now?.ownerName == shard && now?.core == core)
        }
        let row = Row(
            table: table, partition: partition, from: from, to: shard, isMoved: isMoved,
            seconds: (ContinuousClock.now - begin).inSeconds)
        guard wait else {
            if client.json { return print(try Formatting.json(row)) }
            return print("partition \(partition) of \(table) is on its way to \(shard)")
        }
        guard isMoved else {
            throw ClientError(
                "the move was given up, and \(from) still owns the partition; the "
                    + "coordinator's log says why")
        }
        if client.json { return print(try Formatting.json(row)) }
        print(
            """
            partition \(partition) of \(table) has moved from \(from) to \(shard) in \
            \(Formatting.time(row.seconds))
            """)
    }

    private func placed(
        on map: ClusterMap
    ) throws -> (id: PartitionID, partition: PlacedPartition) {
        guard let found = map.tables(of: JobID(job)).first(where: { $0.spec.name == table }),
            found.partitions.indices.contains(Int(partition))
        else {
            throw ClientError(
                """
                job \(job) has no partition \(partition) of a table "\(table)" on the cluster map; \
                `lehr placement` shows those there are
                """)
        }
        return (PartitionID(table: found.id, index: partition), found.partitions[Int(partition)])
    }
}
