import ArgumentParser
import Foundation
import LehrCore
import LehrMembership

/// `lehr placement apply`: moves partitions to where they load the cluster least.
struct PlacementApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Move partitions so that the most loaded core is less loaded, while jobs go on.",
        discussion: """
            Measures the cluster as `lehr placement show` does, plans, and moves one partition after \
            another. A new shard gets its share by this. Does nothing where the worst load would fall \
            by less than --gain. With --auto it goes on, and moves only what two plans in a row have \
            found to be worth it.
            """)

    @OptionGroup var client: ClientFlags
    @OptionGroup var flags: RebalanceFlags
    @Option(help: "The least part by which the worst load has to fall, in percent.")
    var gain = 10.0
    @Flag(help: "Look again every --interval, until interrupted.")
    var auto = false
    @Option(help: "Seconds between two looks with --auto.")
    var interval = 60.0

    private struct Row: Encodable {
        let worstLoad: Double
        let plannedLoad: Double
        let isWorthIt: Bool
        let moved: Int
    }

    /// How often the map is looked at.
    private static let pollInterval = Duration.milliseconds(20)

    func validate() throws {
        guard (0...100).contains(gain) else {
            throw ValidationError("--gain: \(gain) is not 0 to 100")
        }
        guard (1...86_400).contains(interval) else {
            throw ValidationError("--interval: \(interval) is not 1 to 86400")
        }
    }

    func run() async throws {
        try await ControlClient.with(client.settings) { client in
            guard auto else { return _ = try await rebalance(client, isAgreed: true) }
            var wasWorthIt = false
            while true {
                wasWorthIt = try await rebalance(client, isAgreed: wasWorthIt)
                try await Task.sleep(for: .seconds(interval))
            }
        }
    }

    /// - Parameter isAgreed: whether to move what is worth it, or only to say so.
    /// - Returns: whether something is worth it that has not been moved.
    private func rebalance(_ client: ControlClient, isAgreed: Bool) async throws -> Bool {
        let live = try await flags.measure(client)
        let (report, moves) = try live.plan(seed: flags.seed, seconds: flags.seconds)
        if let obstacle = report.obstacle { throw ClientError(obstacle) }
        let isWorthIt =
            !moves.isEmpty
            && report.plan.worstLoad <= report.before.worstLoad * (1 - gain / 100)
        let isMoving = isWorthIt && isAgreed
        if isMoving {
            for (number, move) in moves.enumerated() {
                try await carryOut(move, "\(number + 1)/\(moves.count)", client)
            }
        }
        try say(report, isWorthIt, moved: isMoving ? moves.count : 0)
        return isWorthIt && !isMoving
    }

    private func carryOut(
        _ move: LivePlacement.Move, _ number: String, _ client: ControlClient
    ) async throws {
        try await client.move(move.id, to: move.shard, core: move.core)
        while true {
            guard let table = try await client.map().table(move.id.table) else {
                throw ClientError("the table \(move.table) has gone from the cluster meanwhile")
            }
            let placed = table.partitions[Int(move.id.index)]
            if placed.move == nil {
                guard placed.ownerName == move.shard, placed.core == move.core else {
                    throw ClientError(
                        """
                        partition \(move.id.index) of \(move.table) could not move to \(move.shard); \
                        the coordinator's log says why. Nothing is lost; give the command again
                        """)
                }
                break
            }
            try await Task.sleep(for: Self.pollInterval)
        }
        guard !self.client.json else { return }
        print(
            "\(number): partition \(move.id.index) of \(move.table) moved from \(move.from) to "
                + "\(move.shard)/\(move.core)")
        fflush(nil)
    }

    private func say(_ report: PlanReport, _ isWorthIt: Bool, moved: Int) throws {
        if client.json {
            let row = Row(
                worstLoad: report.before.worstLoad, plannedLoad: report.plan.worstLoad,
                isWorthIt: isWorthIt, moved: moved)
            print(try Formatting.jsonLine(row))
        } else {
            let loads =
                "\(Formatting.percent(report.before.worstLoad)) to "
                + Formatting.percent(report.plan.worstLoad)
            print(
                moved > 0
                    ? "\(moved) partitions moved; the worst load goes from \(loads)"
                    : isWorthIt
                        ? "the worst load could go from \(loads); moving if it still can next time"
                        : "nothing to move: the worst load would go from \(loads)")
        }
        fflush(nil)
    }
}
