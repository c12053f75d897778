import LehrPlacement

/// `lehr bench placement`: placements of made-up problems beside their lower bound and plain placers.
package enum PlacementBenchmark {
    /// Instances are drawn from these seeds. The annealer's settings were chosen on others, from 101 on.
    package static let seeds: [UInt64] = [1, 2, 3]

    private static let even: [PlacementInstance.Shape] = [
        .init(shards: 4, partitions: 10, splits: 4),
        .init(shards: 4, partitions: 64, cores: 2, splits: 3),
        .init(shards: 8, partitions: 128, cores: 2, splits: 3),
        .init(shards: 16, partitions: 256),
        .init(shards: 64, partitions: 1024),
        .init(shards: 100, partitions: 2000, cores: 2),
        .init(shards: 250, partitions: 2500),
        .init(shards: 1000, partitions: 10_000),
    ]
    private static let mixed: [PlacementInstance.Shape] = [
        .init(shards: 6, partitions: 128, isMixed: true, splits: 3),
        .init(shards: 16, partitions: 512, cores: 2, isMixed: true),
        .init(shards: 64, partitions: 1024, isMixed: true),
        .init(shards: 250, partitions: 4096, isMixed: true),
        .init(shards: 1000, partitions: 10_000, isMixed: true),
    ]

    package static let measures: [BenchMeasure<PlacementStage>] = [
        BenchMeasure(
            name: "one-table", summary: "one table of 100M rows on four shards",
            run: { try $0.measure(.oneLargeTable(), boundRatioMax: 1.01) }),
        BenchMeasure(
            name: "uncut", summary: "ten partitions on four cores that may not be split",
            run: { try $0.measure([.init(shards: 4, partitions: 10)], boundRatioMax: nil) }),
        BenchMeasure(
            name: "equal", summary: "skewed tables on equal shards",
            run: { try $0.measure(even, boundRatioMax: 1.02) }),
        BenchMeasure(
            name: "mixed", summary: "skewed tables on shards of three kinds",
            run: { try $0.measure(mixed, boundRatioMax: 1.05) }),
        BenchMeasure(
            name: "changed", summary: "the same, after one shard was lost and one doubled",
            run: { try $0.measureChanged(even.dropFirst() + mixed) }),
    ]

    /// Runs the measures of these names, in the order above.
    package static func run(
        only names: [String], quick: Bool, progress: (String) -> Void
    ) -> BenchReport {
        let processors = Processors()
        let stage = PlacementStage(isQuick: quick)
        var report = BenchReport(
            "placement", Machine(processors), rounds: 1, quick: quick)
        report.take(measures, only: names, on: stage, progress: progress)
        return report
    }
}
