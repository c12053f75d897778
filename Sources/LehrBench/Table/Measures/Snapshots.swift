import LehrCore
import LehrTable

/// Pushing while a snapshot is taken in slices between the batches.
enum Snapshots {
    private static let sliceBytes = 256 << 10

    static func measure(_ stage: TableStage) throws -> [Figure] {
        try Pushes.forEachCase(stage) { name, summary, rows, table, batches in
            let gradients = stage.gradients
            let count = batches.count * TableStage.batchCount
            var (idle, busy) = (Turns(), Turns())
            var pauses = Histogram()
            for _ in 0...stage.rounds {
                idle.take(each: count) { for batch in batches { table.push(batch, gradients) } }
                busy.append(
                    run(table, batches, gradients, &pauses) / Double(count))
            }
            return [
                Figure(
                    "snapshot-push-\(name)", "push during a snapshot, \(summary)", unit: "ns/key",
                    lehr: busy.values, reference: ("no snapshot", idle.values),
                    target: .atMost(1.6)),
                Figure(
                    "snapshot-pause-\(name)", "longest slice of a snapshot, \(summary)",
                    unit: "us", lehr: [pauses.max / 1e3], target: .atMost(1000),
                    note: "slices of 256 KiB: " + pauses.text),
            ]
        }
    }

    /// Pushes all batches while snapshots of the partitions are under way; the time of the pushes
    /// alone, in nanoseconds. After each batch one slice is taken.
    private static func run(
        _ table: BenchTable, _ batches: [BenchTable.Batch], _ gradients: [Float],
        _ pauses: inout Histogram
    ) -> Double {
        for partition in table.partitions { partition.beginSnapshot() }
        var pushing = 0.0
        var slicing = 0.0
        for (index, batch) in batches.enumerated() {
            pushing += nanoseconds(each: 1) { table.push(batch, gradients) }
            let partition = table.partitions[index % table.partitions.count]
            let slice = nanoseconds(each: 1) {
                _ = partition.nextImages(byteLimit: sliceBytes)
            }
            slicing += slice
            pauses.add(slice)
        }
        for partition in table.partitions { partition.abandonSnapshot() }
        return pushing
    }
}
