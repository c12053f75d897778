import ArgumentParser
import Glibc
import LehrCore
import LehrMembership
import LehrWire

/// `lehr placement apply`: moves partitions to where they load the cluster least.
struct PlacementApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Move partitions so that the most loaded core is less loaded, while jobs go on.",
        discussion: """
            Measures the cluster as `lehr placement show` does, plans, and moves one partition after \
            another. A new shard gets its share by this. Does nothing where the worst load would fall \
            by less than --gain. With --auto it goes on, and moves once two measurements in a row say \
            that it is worth it.
            """)

    @OptionGroup var client: ClientFlags
    @OptionGroup var measuring: MeasureFlags
    @OptionGroup var search: SearchFlags
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
                do {
                    wasWorthIt = try await rebalance(client, isAgreed: wasWorthIt)
                } catch let error as ClientError
                    where ![.unauthenticated, .permissionDenied].contains(error.code)
                {
                    // A coordinator that is away, a job that has ended: the next look may find it well.
                    StandardError.write("not now: \(error)\n")
                    wasWorthIt = false
                }
                try await Task.sleep(for: .seconds(interval))
            }
        }
    }

    /// - Parameter isAgreed: whether to move what is worth it, or only to say so.
    /// - Returns: whether something is worth it that has not been moved.
    private func rebalance(_ client: ControlClient, isAgreed: Bool) async throws -> Bool {
        let live = try await measuring.measure(client)
        if let unrest = live.unrest { throw ClientError(unrest) }
        let (report, moves) = try live.plan(search)
        if let obstacle = report.obstacle { throw ClientError(obstacle) }
        let fall = report.before.worstLoad - report.plan.worstLoad
        let isWorthIt =
            !moves.isEmpty && fall > 0 && fall >= report.before.worstLoad * gain / 100
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
        guard let placed = try await client.awaitMove(of: move.id) else {
            throw ClientError("the table \(move.table) has gone from the cluster meanwhile")
        }
        guard placed.ownerName == move.shard, placed.core == move.core else {
            throw ClientError(
                """
                partition \(move.id.index) of \(move.table) could not move to \(move.shard); the \
                coordinator's log says why. Nothing is lost; give the command again
                """)
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
                    ? "\(moved) partitions moved; the worst load is to go from \(loads)"
                    : isWorthIt
                        ? "the worst load could go from \(loads); moving if it still can next time"
                        : "nothing to move: the worst load would go from \(loads)")
        }
        fflush(nil)
    }
}
