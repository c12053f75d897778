import LehrCore
import LehrTable

/// Pushing AdaGrad's gradients to rows that exist, at random over the table.
enum Pushes {
    /// Beside what it is made of: a pull, and the kernel over rows that stay in the first cache.
    static func againstParts(_ stage: TableStage) throws -> [Figure] {
        let resident = try BenchTable(partitions: 1, expecting: 64)
        let stream = KeyStream(rowCount: 64, law: .uniform, seed: 3)
        let keys = resident.batch((0..<64).map { stream.key(ofRow: $0) })
        resident.push(keys, stage.gradients)
        let residentRows = resident.addresses(keys)
        return try forEachCase(stage) { name, summary, _, table, batches in
            let count = batches.count * TableStage.batchCount
            var output = stage.output
            let gradients = stage.gradients
            var (push, parts) = (Turns(), Turns())
            for _ in 0...stage.rounds {
                push.take(each: count) { for batch in batches { table.push(batch, gradients) } }
                let pull = nanoseconds(each: count) {
                    for batch in batches { table.pull(batch, into: &output) }
                }
                let kernel = nanoseconds(each: 4000 * 64) {
                    for _ in 0..<4000 {
                        resident.partitions[0].applyKernel(to: residentRows, gradients: gradients)
                    }
                }
                parts.append(pull + kernel)
            }
            return [
                Figure(
                    "push-\(name)", "push, \(summary)", unit: "ns/key", lehr: push.values,
                    reference: ("pull + kernel", parts.values), target: .atMost(1.3))
            ]
        }
    }

    static func againstAbsl(_ stage: TableStage) throws -> [Figure] {
        try forEachCase(stage) { name, summary, rows, table, batches in
            let reference = try AbslBatches(stage, rows: rows, batches)
            defer { reference.remove() }
            let gradients = stage.gradients
            var (push, absl) = (Turns(), Turns())
            for _ in 0...stage.rounds {
                push.take(each: batches.count * TableStage.batchCount) {
                    for batch in batches { table.push(batch, gradients) }
                }
                absl.append(try reference.run(.push))
            }
            return [
                Figure(
                    "push-absl-\(name)", "push, \(summary)", unit: "keys/us",
                    lehr: push.values.map { 1e3 / $0 },
                    reference: ("absl, prefetched", absl.values.map { 1e3 / $0 }))
            ]
        }
    }

    static func forEachCase(
        _ stage: TableStage,
        _ body: (String, String, Int, BenchTable, [BenchTable.Batch]) throws -> [Figure]
    ) throws -> [Figure] {
        var figures: [Figure] = []
        for rows in stage.rowCounts {
            for partitions in stage.partitionCounts {
                let table = try stage.table(rows: rows, partitions: partitions)
                let batches = table.batches(stage.batches(rows: rows, .uniform))
                figures += try body(
                    "\(TableStage.text(rows))-p\(partitions)",
                    "\(TableStage.text(rows)) rows, uniform, \(partitions) part.", rows, table,
                    batches)
            }
        }
        return figures
    }
}
