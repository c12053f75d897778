import ArgumentParser
import LehrCore
import LehrMembership
import LehrTable

struct PlacementCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "placement",
        abstract: "Show who owns which partitions, plan who should, and move them.",
        subcommands: [
            PlacementListCommand.self, PlacementShowCommand.self, PlacementPlanCommand.self,
            PlacementApplyCommand.self, PlacementMoveCommand.self,
        ],
        defaultSubcommand: PlacementListCommand.self)
}

struct PlacementListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show which shard and core owns which partitions.")

    @OptionGroup var client: ClientFlags

    private struct Row: Encodable {
        let job: UInt64
        let table: String
        let partition: Int
        let firstBucket: UInt32
        let bucketCount: UInt32
        let owner: String
        let core: UInt32
        let incarnation: UInt64
        /// The shard that is to be the owner, while it is on its way; null: it stays.
        let movingTo: String?
    }

    func run() async throws {
        let map = try await ControlClient.with(client.settings) { try await $0.map() }
        if client.json { return print(try Formatting.json(rows(map))) }
        guard !map.tables.isEmpty else { return print("nothing is placed: there are no jobs") }
        print("cluster map version \(map.version)")
        var table = TextTable([
            ("job", .right), ("table", .left), ("dim", .right), ("shard", .left), ("core", .right),
            ("partitions", .left),
        ])
        for placed in map.tables {
            for (home, partitions) in homes(of: placed) {
                table.add([
                    "\(placed.job.value)", placed.spec.name, "\(placed.spec.dimension)",
                    home.owner, "\(home.core)",
                    "\(partitions.count): " + partitions.map { "\($0)" }.joined(separator: " "),
                ])
            }
        }
        print(table.text)
    }

    private func rows(_ map: ClusterMap) -> [Row] {
        map.tables.flatMap { table in
            table.partitions.enumerated().map { index, partition in
                Row(
                    job: table.job.value, table: table.spec.name, partition: index,
                    firstBucket: partition.range.first, bucketCount: partition.range.count,
                    owner: partition.ownerName, core: partition.core,
                    incarnation: partition.incarnation.value,
                    movingTo: partition.move?.destination.name)
            }
        }
    }

    private struct Home: Hashable {
        let owner: String
        let core: UInt32
    }

    /// Homes in the order of their first partition, each with its partitions.
    private func homes(of table: PlacedTable) -> [(home: Home, partitions: [Int])] {
        var homes: [(home: Home, partitions: [Int])] = []
        for (index, partition) in table.partitions.enumerated() {
            let home = Home(owner: partition.ownerName, core: partition.core)
            if let known = homes.firstIndex(where: { $0.home == home }) {
                homes[known].partitions.append(index)
            } else {
                homes.append((home, [index]))
            }
        }
        return homes
    }
}
