/// `lehr bench moves`: what it costs those who train that a partition gets another owner.
package enum MovesBenchmark {
    package static let measures: [BenchMeasure<MovesStage>] = [
        BenchMeasure(
            name: "pause",
            summary: "the longest step of training when its partition is handed over",
            run: Moves.pause),
        BenchMeasure(
            name: "throughput", summary: "keys pulled and pushed while an eighth of the rows moves",
            run: Moves.throughput),
        BenchMeasure(
            name: "cost", summary: "CPU time for a partition that nobody writes to", run: Moves.cost
        ),
    ]

    /// Removes the files of a run that does not come to its end.
    package static func removeFiles() { MovesStage.removeFiles() }

    /// Runs the measures of these names, in the order above.
    package static func run(
        only names: [String], quick: Bool, rows: Int, launcher: Launcher,
        progress: (String) -> Void
    ) throws -> BenchReport {
        let processors = Processors()
        let stage = try MovesStage(launcher, processors, isQuick: quick, rowCount: rows)
        var report = BenchReport("moves", Machine(processors), rounds: stage.rounds, quick: quick)
        report.take(measures, only: names, on: stage, progress: progress)
        return report
    }
}
