import ArgumentParser
import LehrCore
import LehrMembership
import LehrModel

/// How a cluster is measured.
struct MeasureFlags: ParsableArguments {
    @Option(help: "Seconds over which it is measured what partitions are asked for.")
    var window = 5.0

    @Option(help: "What the network of each shard carries, in Gbit/s; without, it is not counted.")
    var network: Double?

    func validate() throws {
        if let network, !(0.001...100_000).contains(network) {
            throw ValidationError("--network: \(network) is not 0.001 to 100000")
        }
        guard (0.1...3600).contains(window) else {
            throw ValidationError("--window: \(window) is not 0.1 to 3600")
        }
    }

    func measure(_ client: ControlClient) async throws -> LivePlacement {
        let live = try await LivePlacement.measure(
            client, over: .seconds(window), network: network.map { $0 * 1e9 / 8 } ?? .infinity)
        guard !live.map.tables.isEmpty else {
            throw ClientError("nothing is placed: there are no jobs")
        }
        return live
    }
}

/// `lehr placement show`: the loads of a cluster.
struct PlacementShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show how loaded shards are, and what a better placement would be.",
        discussion: """
            Measures for some seconds what the partitions are asked for. What a core can do is taken \
            to be \(Int(KeyCosts.usual.pull)) ns for a key pulled and \(Int(KeyCosts.usual.push)) ns \
            for one pushed. \
            Nothing is changed; `lehr placement apply` does.
            """)

    @OptionGroup var client: ClientFlags
    @OptionGroup var measuring: MeasureFlags
    @OptionGroup var search: SearchFlags
    @Option(help: "Also write a picture of the loads as they are, and as they would be.")
    var svg: String?

    func run() async throws {
        let report = try await ControlClient.with(client.settings) { client in
            try await measuring.measure(client).plan(search).report
        }
        if let svg { try PlanPicture(report).write(to: svg) }
        print(client.json ? try Formatting.json(report) : PlanText.describe(report))
    }
}
