import LehrCore
import LehrPlacement

/// What the measures of placement share: seeds, and how a plan becomes figures.
package final class PlacementStage {
    private let isQuick: Bool

    /// The most CPU time that a plan may take; it is made on one thread.
    private static let secondsMax = 2.0

    init(isQuick: Bool) { self.isQuick = isQuick }

    var seeds: [UInt64] { isQuick ? [PlacementBenchmark.seeds[0]] : PlacementBenchmark.seeds }

    /// The shapes that a run takes: the small ones alone when it is cut short.
    private func shapes(_ all: [PlacementInstance.Shape]) -> [PlacementInstance.Shape] {
        isQuick ? all.filter { $0.partitions <= 256 } : all
    }

    func measure(
        _ shapes: [PlacementInstance.Shape], boundRatioMax: Double?
    ) throws -> [Figure] {
        try self.shapes(shapes).flatMap { shape in
            try seeds.flatMap { seed in
                try measure(PlacementInstance(shape, seed: seed), boundRatioMax: boundRatioMax)
            }
        }
    }

    /// One instance against its bound and each plain placer. Loads are the audit's.
    func measure(_ instance: PlacementInstance, boundRatioMax: Double?) throws -> [Figure] {
        let found = try Run(instance)
        let name = instance.name
        var figures = [
            Figure(
                "\(name)-bound", "\(name), worst load", unit: "of capacity",
                lehr: [found.audit.worst], reference: ("lower bound", [found.bound]),
                target: boundRatioMax.map { .atMost($0) })
        ]
        for (placer, audit) in found.plain {
            let fits = audit.problems.isEmpty
            figures.append(
                Figure(
                    "\(name)-\(placer.rawValue)", "\(name), worst load", unit: "of capacity",
                    lehr: [found.audit.worst], reference: (placer.rawValue, [audit.worst]),
                    // What does not fit into memory is no placement to be compared with.
                    target: fits ? .atMost(1) : nil,
                    note: fits ? nil : "\(placer.rawValue) does not fit into memory"))
        }
        for (placer, audit) in found.plain where placer == .evenSplit {
            figures.append(
                Figure(
                    "\(name)-fan-out", "\(name), cores a batch visits", unit: "cores",
                    lehr: [found.audit.fanOut], reference: (placer.rawValue, [audit.fanOut]),
                    target: .atMost(1)))
        }
        figures.append(found.seconds(name, atMost: Self.secondsMax))
        return figures
    }

    /// What an instance moves after it has changed, and how far from the bound it is then.
    func measureChanged(_ shapes: [PlacementInstance.Shape]) throws -> [Figure] {
        try self.shapes(shapes).flatMap { shape in
            try seeds.flatMap { seed in
                let before = PlacementInstance(shape, seed: seed)
                return try measureChanged(before.changed(after: try Run(before).plan))
            }
        }
    }

    private func measureChanged(_ instance: PlacementInstance) throws -> [Figure] {
        let problem = instance.problem
        let found = try Run(instance)
        let name = instance.name
        let gigabytes = 1e-9
        var figures = [
            Figure(
                "\(name)-moved", "\(name), bytes to move", unit: "GB",
                lehr: [found.audit.movedBytes * gigabytes],
                reference: ("bytes of the lost shard", [problem.leastMovedBytes * gigabytes]),
                target: .atMost(1.3)),
            Figure(
                "\(name)-bound", "\(name), worst load", unit: "of capacity",
                lehr: [found.audit.worst],
                reference: ("lower bound", [found.bound])),
        ]
        for (placer, audit) in found.plain {
            figures.append(
                Figure(
                    "\(name)-\(placer.rawValue)-moved", "\(name), bytes to move", unit: "GB",
                    lehr: [found.audit.movedBytes * gigabytes],
                    reference: (placer.rawValue, [audit.movedBytes * gigabytes])))
        }
        figures.append(found.seconds(name, atMost: Self.secondsMax))
        return figures
    }

    /// One search, with the CPU time that it took.
    private struct Run {
        let plan: PlacementPlan
        let audit: Audit
        let bound: Double
        /// What the plain placers make of the problem.
        let plain: [(placer: PlainPlacer, audit: Audit)]
        private let elapsed: Double

        init(_ instance: PlacementInstance) throws {
            let start = threadNanoseconds()
            var random = RandomSource(seed: 1)
            // By steps alone, so that the plans are the same in every run; time is only measured.
            let budget = Annealer.Budget(
                steps: Annealer.Budget.steps(for: instance.problem), time: .seconds(600))
            let outcome = Annealer(clock: SystemClock()).search(
                instance.problem, budget: budget, random: &random)
            elapsed = (threadNanoseconds() - start) / 1e9
            guard let outcome else { throw BenchError("\(instance.name): there is no core") }
            plan = outcome.plan
            audit = Audit(plan, of: instance.problem)
            guard audit.problems.isEmpty else {
                throw BenchError("\(instance.name): \(audit.problems[0])")
            }
            bound = outcome.bound
            plain = PlainPlacer.allCases.compactMap { placer in
                outcome.plain[placer].map { (placer, Audit($0, of: instance.problem)) }
            }
        }

        func seconds(_ name: String, atMost limit: Double) -> Figure {
            Figure(
                "\(name)-seconds", "\(name), CPU time to plan", unit: "s", lehr: [elapsed],
                target: .atMost(limit))
        }
    }
}
