/// absl's table with a file of batches to go through.
struct AbslBatches {
    private let table: AbslTable
    private let file: KeyFile

    init(_ stage: TableStage, rows: Int, _ batches: [BenchTable.Batch]) throws {
        table = try stage.abslTable(rows: rows)
        let keys = KeyBatches(
            keys: batches.flatMap { $0.keys }, count: batches.count,
            size: TableStage.batchCount)
        file = try keys.write(to: TableStage.keyPath)
    }

    /// CPU nanoseconds a key.
    func run(_ work: AbslTable.Work) throws -> Double { try table.run(work, file).cpuNanoseconds }

    func remove() { SmallFile.remove(file.path) }
}
