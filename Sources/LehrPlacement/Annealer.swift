package import LehrCore

/// Places by simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983): walks over placements by
/// small moves, takes what makes them cheaper and, while it is hot, some of what does not.
///
/// The temperature is in proportion to what moves were seen to cost, cools geometrically and is raised
/// again at each round, less each time. Between rounds tables are cut finer where the load cannot be
/// spread otherwise, and at the end coarser where nothing is lost by it. The answer is the cheapest
/// placement seen. It starts from the best of the plain placers, or, where partitions have homes, from
/// those, with what overflows memory placed anew. Where nothing is placed, its answer is never worse by
/// the worst load than a plain one that overflows no more memory. It visits no more cores than an even
/// split does, unless some tables that may be cut finer can only so be spread, or memory is only so
/// enough.
package struct Annealer: Sendable {
    private static let rounds = 6
    /// The first temperature, over the mean of what moves add to the cost.
    private static let firstTemperature = 0.1
    /// The last temperature of a round over its first.
    private static let cooling = 1e-4
    /// The first temperature of a round over that of the round before.
    private static let reheat = 0.5
    /// A worst load this much over the bound is a reason to cut tables finer.
    private static let tolerance = 0.005
    /// Where no move adds to the cost, those that take from it are still to be found.
    private static let coldest = 1e-9

    /// When to stop. The same steps give the same plan, the time may end them early. It begins with the
    /// plain placements and the bound, which are made in any case.
    package struct Budget: Sendable {
        package var steps: Int
        package var time: Duration

        package init(steps: Int, time: Duration) {
            self.steps = steps
            self.time = time
        }

        /// Enough for a problem of this size.
        package static func steps(for problem: PlacementProblem) -> Int {
            80_000 + 100 * problem.variables.reduce(0) { $0 + $1.loads.count }
        }
    }

    package struct Outcome: Sendable {
        package let plan: PlacementPlan
        package let cost: PlacementCost
        /// What no placement's worst load is below.
        package let bound: Double
        package let plain: [PlainPlacer: PlacementPlan]
        package let steps: Int
        /// Time ran out before the steps did.
        package let isCutShort: Bool
    }

    private let weights = PlacementCost.Weights()
    private let clock: any MonotonicClock

    package init(clock: any MonotonicClock) { self.clock = clock }

    /// Nil when there is no core to place anything on.
    package func search(
        _ problem: PlacementProblem, budget: Budget, random: inout RandomSource
    ) -> Outcome? {
        var meter = StepMeter(budget, rounds: Self.rounds, clock: clock)
        guard let start = StartingPoint(problem, weights) else { return nil }
        let bound = LowerBound.worstLoad(problem)
        let goal = bound / start.state.ideal * (1 + Self.tolerance)
        var ceilings = start.ceilings
        var best = start.state
        var temperature = 0.0
        // Rounds in a row for which tables were cut finer, and which found nothing cheaper.
        var failures = 0
        for round in 0..<Self.rounds where !meter.isOver {
            let isOpen = best.cost.worst > goal || best.isOverfull
            var state = best
            // What cannot be spread otherwise may be spread over more cores than an even split uses.
            if 2 * round >= Self.rounds, isOpen { ceilings.fanOut = start.finestFanOut }
            let isToBeCut = round > 0 && isOpen
            if isToBeCut {
                for _ in 0..<Self.splits(after: failures) {
                    guard let finer = Cutting.split(state, problem) else { break }
                    state = finer
                }
            }
            var walk = AnnealingWalk(state, weights: weights, ceilings: ceilings, random: random)
            let scale = max(walk.meanIncrease(samples: 256) * Self.firstTemperature, Self.coldest)
            temperature = round == 0 ? scale : min(scale, temperature * Self.reheat)
            cool(&walk, from: temperature, &meter)
            walk.returnToBest()
            random = walk.random
            if walk.state.cost.isCheaper(than: best.cost, weights) {
                best = walk.state
                failures = 0
            } else if isToBeCut {
                failures += 1
            }
        }
        best = Homecoming.bringBack(
            Cutting.merge(best, problem, ceilings, weights), weights)
        return Outcome(
            plan: best.pieces.plan(best.cores), cost: best.cost, bound: bound, plain: start.plain,
            steps: meter.steps, isCutShort: meter.isOutOfTime)
    }

    /// How often the largest pieces are cut in halves for a round. Once can gain nothing where twice does:
    /// where a large table fills all cores evenly and a small one lies on one of them, only pieces
    /// smaller than the small one make up for it. So every other time it is once more than before; in
    /// between it is once, as a walk over fewer pieces finds more.
    private static func splits(after failures: Int) -> Int {
        failures % 2 == 0 ? 1 : (failures + 3) / 2
    }

    private func cool(
        _ walk: inout AnnealingWalk, from first: Double, _ meter: inout StepMeter
    ) {
        meter.beginRound()
        let fall = exactLogarithm(Self.cooling)
        while let progress = meter.progress {
            let temperature = first * exactExponential(fall * progress)
            for _ in 0..<StepMeter.stride { walk.step(temperature) }
            meter.count()
        }
    }
}
