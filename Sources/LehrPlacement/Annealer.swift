package import LehrCore

/// Places by simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983): walks over placements by
/// small moves, takes what makes them cheaper and, while it is hot, some of what does not.
///
/// The temperature is in proportion to what moves were seen to cost, cools geometrically and is raised
/// again at each round, less each time. Between rounds tables are cut finer where the load cannot be
/// spread otherwise, and at the end coarser where nothing is lost by it. The answer is the cheapest
/// placement seen. It starts from the best of the plain placers, or, where partitions have homes, from
/// those. Where nothing is placed, its answer is never worse than a plain one by the worst load. It
/// visits no more cores than an even split does, unless some tables that may be cut finer can only so
/// be spread.
package struct Annealer: Sendable {
    package struct Settings: Sendable {
        package var rounds = 6
        /// The first temperature, over the mean of what moves add to the cost.
        package var firstTemperature = 0.1
        /// The last temperature of a round over its first.
        package var cooling = 1e-4
        /// The first temperature of a round over that of the round before.
        package var reheat = 0.5
        /// A worst load this much over the bound is a reason to cut tables finer.
        package var tolerance = 0.005
        package var weights = PlacementCost.Weights()

        package init() {}
    }

    /// When to stop. The same steps give the same plan, the time may end them early.
    package struct Budget: Sendable {
        package var steps: Int
        package var time: Duration

        package init(steps: Int, time: Duration) {
            self.steps = steps
            self.time = time
        }

        /// Enough for a problem of this size.
        package static func steps(for problem: PlacementProblem) -> Int {
            40_000 + 100 * problem.variables.reduce(0) { $0 + $1.loads.count }
        }
    }

    package struct Outcome: Sendable {
        package let plan: PlacementPlan
        package let cost: PlacementCost
        package let steps: Int
        /// Time ran out before the steps did.
        package let isCutShort: Bool
    }

    /// Where no move adds to the cost, those that take from it are still to be found.
    private static let coldest = 1e-9

    package var settings: Settings
    let clock: any MonotonicClock

    package init(settings: Settings = Settings(), clock: any MonotonicClock) {
        self.settings = settings
        self.clock = clock
    }

    /// Nil when there is no core to place anything on.
    package func search(
        _ problem: PlacementProblem, budget: Budget, random: inout RandomSource
    ) -> Outcome? {
        guard let start = StartingPoint(problem, settings.weights) else { return nil }
        var meter = StepMeter(budget, rounds: settings.rounds, clock: clock)
        let goal = LowerBound.worstLoad(problem) / start.state.ideal * (1 + settings.tolerance)
        var ceilings = start.ceilings
        var best = start.state
        var temperature = 0.0
        for round in 0..<settings.rounds where !meter.isOver {
            var state = best
            // What cannot be spread otherwise may be spread over more cores than an even split uses.
            if 2 * round >= settings.rounds, best.cost.worst > goal {
                ceilings.fanOut = start.finestFanOut
            }
            if round > 0, best.cost.worst > goal, let finer = Cutting.split(best, problem) {
                state = finer
            }
            var walk = AnnealingWalk(
                state, weights: settings.weights, ceilings: ceilings, random: random)
            let scale = max(
                walk.meanIncrease(samples: 256) * settings.firstTemperature, Self.coldest)
            temperature = round == 0 ? scale : min(scale, temperature * settings.reheat)
            cool(&walk, from: temperature, &meter)
            walk.returnToBest()
            random = walk.random
            if walk.state.cost.total(settings.weights) < best.cost.total(settings.weights) {
                best = walk.state
            }
        }
        best = Cutting.merge(best, problem, ceilings, settings.weights)
        return Outcome(
            plan: best.pieces.plan(best.cores), cost: best.cost, steps: meter.steps,
            isCutShort: meter.isOutOfTime)
    }

    private func cool(
        _ walk: inout AnnealingWalk, from first: Double, _ meter: inout StepMeter
    ) {
        meter.beginRound()
        let fall = exactLogarithm(settings.cooling)
        while let progress = meter.progress {
            let temperature = first * exactExponential(fall * progress)
            for _ in 0..<StepMeter.stride { walk.step(temperature) }
            meter.count()
        }
    }
}
