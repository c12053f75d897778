/// Figures of partitions that move to and fro while a worker trains.
enum Moves {
    /// One partition with all rows, and small batches, one after another: each waits for as long as the
    /// partition answers nobody.
    static func pause(_ stage: MovesStage) throws -> [Figure] {
        let rounds = try run(
            stage.startCluster(partitions: 1),
            MovesLoad.Settings(
                rowCount: stage.rowCount, batchCount: 256, inFlight: 1, moves: stage.moves))
        let worst = rounds.map { $0.worst * 1e3 }.sorted()
        let p95 = worst[min(worst.count - 1, (worst.count * 95 + 99) / 100 - 1)]
        return [
            Figure(
                "pause", "the longest step in a hand-over, p95 of all", unit: "ms", lehr: [p95],
                target: .atMost(20),
                note: "\(stage.rowCount) rows; \(rounds.count) moves; a step without a move takes "
                    + "\(millisecondsText(rounds.map(\.after.mean).max() ?? 0)) ms on average"),
            Figure(
                "pause-each", "the longest step in each hand-over", unit: "ms", lehr: worst),
            Figure(
                "move", "a move from its beginning to its end", unit: "s",
                lehr: rounds.map(\.moving.seconds)),
        ]
    }

    /// Eight partitions, of which one moves, and batches as a worker has them.
    static func throughput(_ stage: MovesStage) throws -> [Figure] {
        let rounds = try run(
            stage.startCluster(partitions: 8),
            MovesLoad.Settings(
                rowCount: stage.rowCount, batchCount: 4096, inFlight: 4,
                moves: 4 * stage.rounds))
        let share = zip(rounds.map(\.moving.keysPerSecond), rounds.map(\.idleKeysPerSecond))
        return [
            Figure(
                "throughput", "keys pulled and pushed during a move", unit: "M/s",
                lehr: share.map { $0.0 / 1e6 },
                reference: ("without", share.map { $0.1 / 1e6 }), target: .atLeast(0.8),
                note: "an eighth of \(stage.rowCount) rows on the way"),
            Figure(
                "throughput-move", "a move from its beginning to its end", unit: "s",
                lehr: rounds.map(\.moving.seconds)),
        ]
    }

    /// One partition that nobody writes to.
    static func cost(_ stage: MovesStage) throws -> [Figure] {
        let rounds = try run(
            stage.startCluster(partitions: 1),
            MovesLoad.Settings(
                rowCount: stage.rowCount, batchCount: 1, inFlight: 0, moves: stage.rounds))
        return [
            Figure(
                "cost", "CPU of both shards for a row that moves", unit: "us",
                lehr: rounds.map { $0.shardSeconds * 1e6 / Double(stage.rowCount) },
                note: "\(TableStage.dimension) floats and AdaGrad's state"),
            Figure(
                "cost-move", "a move from its beginning to its end", unit: "s",
                lehr: rounds.map(\.moving.seconds)),
        ]
    }

    private static func run(
        _ cluster: MovesStage.Cluster, _ settings: MovesLoad.Settings
    ) throws(BenchError) -> [MovesLoad.Round] {
        try LoadReactor.run(seconds: 600) { reactor, end in
            MovesLoad(settings, cluster, on: reactor, end).start()
        }
    }

    private static func millisecondsText(_ seconds: Double) -> String {
        "\((seconds * 1e5).rounded() / 100)"
    }
}
