/// `lehr bench table`: the shard's table beside the least that its work could cost, and absl's map.
package enum TableBenchmark {
    package static let measures: [BenchMeasure<TableStage>] = [
        BenchMeasure(
            name: "pull", summary: "pulls, against copying rows whose addresses are known",
            run: Pulls.againstGather),
        BenchMeasure(
            name: "pull-absl", summary: "pulls, against absl's map with prefetching",
            run: Pulls.againstAbsl),
        BenchMeasure(
            name: "push", summary: "AdaGrad, against a pull and the kernel alone",
            run: Pushes.againstParts),
        BenchMeasure(
            name: "push-absl", summary: "AdaGrad, against absl's map with prefetching",
            run: Pushes.againstAbsl),
        BenchMeasure(
            name: "snapshot", summary: "pushes while a snapshot is taken, and its pauses",
            run: Snapshots.measure),
        BenchMeasure(
            name: "insert", summary: "new rows in a growing table, and the slowest",
            run: Inserts.measure),
        BenchMeasure(
            name: "insert-absl", summary: "new rows in a growing table, against absl's map",
            run: Inserts.againstAbsl),
        BenchMeasure(
            name: "memory", summary: "index and rows, and what is given back",
            run: MemoryUse.measure),
        BenchMeasure(
            name: "formats", summary: "what shorter numbers on the wire save and lose",
            run: Formats.measure),
        BenchMeasure(
            name: "path", summary: "pulls and pushes from a worker's client to a shard and back",
            run: Paths.measure),
    ]

    /// Removes the files of a run that does not come to its end.
    package static func removeFiles() { SmallFile.remove(TableStage.keyPath) }

    /// Runs the measures of these names, in the order above.
    package static func run(
        only names: [String], quick: Bool, rowCounts: [Int], launcher: Launcher,
        abslProgram: String, progress: (String) -> Void
    ) throws -> BenchReport {
        let processors = Processors()
        let stage = try TableStage(
            launcher, processors, isQuick: quick, rowCounts: rowCounts, abslProgram: abslProgram)
        var report = BenchReport(
            "table", Machine(processors), rounds: stage.rounds, quick: quick)
        report.take(measures, only: names, on: stage, progress: progress)
        return report
    }
}
