import ArgumentParser
import LehrCore
import LehrPlacement

/// How a placement is looked for.
struct SearchFlags: ParsableArguments {
    @Option(help: "Another seed may find another plan; the same seed finds the same.")
    var seed: UInt64 = 1
    @Option(
        help: "The longest time to search, in seconds. The plain placements are made in any case.")
    var seconds = 2.0

    func validate() throws {
        guard (0.001...3600).contains(seconds) else {
            throw ValidationError("--seconds: \(seconds) is not 0.001 to 3600")
        }
    }

    /// Nil when there is no core to place anything on.
    func outcome(of problem: PlacementProblem) -> Annealer.Outcome? {
        var random = RandomSource(seed: seed)
        let budget = Annealer.Budget(
            steps: Annealer.Budget.steps(for: problem), time: .seconds(seconds))
        return Annealer(clock: SystemClock()).search(problem, budget: budget, random: &random)
    }
}
