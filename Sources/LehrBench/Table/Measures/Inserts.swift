import Glibc
import LehrCore
import LehrTable

/// Creating rows in a table that grows from nothing.
enum Inserts {
    static func measure(_ stage: TableStage) throws -> [Figure] {
        stage.dropTables()
        let rows = rowCount(stage)
        var figures: [Figure] = []
        for partitions in stage.partitionCounts {
            var rates: [Double] = []
            for _ in 0...min(stage.rounds, 3) { rates.append(try rate(rows, partitions)) }
            figures.append(
                Figure(
                    "insert-p\(partitions)",
                    "insert while growing to \(TableStage.text(rows)) rows, \(partitions) part.",
                    unit: "rows/us", lehr: Array(rates.dropFirst()), target: .atLeast(20)))
        }
        let durations = try single(
            stage.isQuick ? 100_000 : 3_000_000, repetitions: stage.isQuick ? 1 : 4)
        figures.append(
            Figure(
                "insert-worst", "slowest single insert of \(durations.count)", unit: "us",
                lehr: [durations.max / 1e3], target: .atMost(50),
                note: "pushes of one new key each, the least of four times: " + durations.text))
        return figures
    }

    /// In turns with absl's map, which is given the same keys.
    static func againstAbsl(_ stage: TableStage) throws -> [Figure] {
        stage.dropTables()
        let rows = rowCount(stage)
        return try stage.partitionCounts.map { partitions in
            var (rates, references) = ([Double](), [Double]())
            for _ in 0...min(stage.rounds, 3) {
                rates.append(try rate(rows, partitions))
                let made = try stage.makeAbslTable(rows: rows).made
                references.append(Double(rows) / made.cpuSeconds / 1e6)
            }
            return Figure(
                "insert-absl-p\(partitions)",
                "insert while growing to \(TableStage.text(rows)) rows, \(partitions) part.",
                unit: "rows/us", lehr: Array(rates.dropFirst()),
                reference: ("absl flat_hash_map", Array(references.dropFirst())),
                note: "the reference creates rows; here each is pushed to, too")
        }
    }

    private static func rowCount(_ stage: TableStage) -> Int {
        stage.isQuick ? 200_000 : 5_000_000
    }

    private static func rate(_ rows: Int, _ partitions: Int) throws -> Double {
        var spec = BenchTable.spec
        spec.initializer = .constant(0)
        let table = try BenchTable(partitions: partitions, expecting: rows, spec: spec)
        let stream = KeyStream(rowCount: rows, law: .uniform, seed: TableStage.seed)
        let gradients = [Float](repeating: 0.01, count: TableStage.batchCount * spec.dimension)
        var total = 0.0
        for start in stride(from: 0, to: rows, by: TableStage.batchCount) {
            let end = min(start + TableStage.batchCount, rows)
            let batch = table.batch((start..<end).map { stream.key(ofRow: $0) })
            total += nanoseconds(each: 1) { table.push(batch, gradients) }
        }
        return Double(rows) / total * 1e3
    }

    /// Durations of single inserts, each the least of some repetitions of the whole: the same insert does
    /// the same work each time, and what else takes the processor seldom hits it each time.
    private static func single(_ rows: Int, repetitions: Int) throws -> Histogram {
        let stream = KeyStream(rowCount: rows, law: .uniform, seed: TableStage.seed)
        let gradients = [Float](repeating: 0.01, count: TableStage.dimension)
        var least = [Double](repeating: .infinity, count: rows)
        for _ in 0..<repetitions {
            let table = try BenchTable(partitions: 1, expecting: rows)
            for row in 0..<rows {
                let batch = table.batch(CollectionOfOne(stream.key(ofRow: row)))
                let start = wallNanoseconds()
                table.push(batch, gradients)
                least[row] = min(least[row], wallNanoseconds() - start)
            }
        }
        var durations = Histogram()
        for duration in least { durations.add(duration) }
        return durations
    }
}
