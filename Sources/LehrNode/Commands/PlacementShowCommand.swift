import ArgumentParser
import LehrCore
import LehrMembership

/// How a cluster is measured, and a better placement looked for.
struct RebalanceFlags: ParsableArguments {
    @Option(help: "Seconds over which it is measured what partitions are asked for.")
    var window = 5.0
    @Option(help: "The longest time to search, in seconds.")
    var seconds = 2.0
    @Option(help: "Another seed may find another plan.")
    var seed: UInt64 = 1

    func validate() throws {
        guard (0.1...3600).contains(window) else {
            throw ValidationError("--window: \(window) is not 0.1 to 3600")
        }
        guard (0.001...3600).contains(seconds) else {
            throw ValidationError("--seconds: \(seconds) is not 0.001 to 3600")
        }
    }

    func measure(_ client: ControlClient) async throws -> LivePlacement {
        let live = try await LivePlacement.measure(client, over: .seconds(window))
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
            to be 200 ns for a key pulled and 300 ns for one pushed; the network is not counted. \
            Nothing is changed; `lehr placement apply` does.
            """)

    @OptionGroup var client: ClientFlags
    @OptionGroup var flags: RebalanceFlags
    @Option(help: "Also write a picture of the loads as they are, and as they would be.")
    var svg: String?

    func run() async throws {
        let report = try await ControlClient.with(client.settings) { client in
            try await flags.measure(client).plan(seed: flags.seed, seconds: flags.seconds).report
        }
        if let svg { try PlacementPlanCommand.write(PlanPicture(report).text, to: svg) }
        print(client.json ? try Formatting.json(report) : PlanText.describe(report))
    }
}
