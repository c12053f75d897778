import LehrCore

/// Pulling batches of distinct keys.
enum Pulls {
    static let laws: [(name: String, law: KeyStream.Law)] = [
        ("uniform", .uniform), ("zipf", .zipf(exponent: 1.05)),
    ]

    /// Beside copying rows whose addresses are known.
    static func againstGather(_ stage: TableStage) throws -> [Figure] {
        try forEachCase(stage) { name, summary, rows, table, batches in
            let addresses = batches.map { table.addresses($0) }
            let lines = try IndexLines(rows: rows)
            let places = zip(batches, addresses).map { lines.enter($0.keys, $1) }
            let count = batches.count * TableStage.batchCount
            var output = stage.output
            var (pull, weights, keys, found) = (Turns(), Turns(), Turns(), Turns())
            for _ in 0...stage.rounds {
                pull.take(each: count) {
                    for batch in batches { table.pull(batch, into: &output) }
                }
                weights.take(each: count) {
                    for rows in addresses { Gather.weights(rows, into: &output) }
                }
                keys.take(each: count) {
                    for rows in addresses { Gather.weightsAndKeys(rows, into: &output) }
                }
                found.take(each: count) {
                    for places in places { Gather.throughLines(places, into: &output) }
                }
            }
            return [
                Figure(
                    "pull-\(name)", "pull, \(summary)", unit: "ns/key", lehr: pull.values,
                    reference: ("gather", weights.values),
                    target: .atMost(rows < 5_000_000 ? 1.5 : 1.3)),
                Figure(
                    "pull-keys-\(name)", "pull, \(summary)", unit: "ns/key", lehr: pull.values,
                    reference: ("gather with keys", keys.values)),
                Figure(
                    "pull-lines-\(name)", "pull, \(summary)", unit: "ns/key", lehr: pull.values,
                    reference: ("gather through lines", found.values),
                    note:
                        "the fastest loop found that reads a line at random and then the row that "
                        + "it names: a search without rules"),
            ]
        }
    }

    /// Beside absl's map with prefetching.
    static func againstAbsl(_ stage: TableStage) throws -> [Figure] {
        try forEachCase(stage) { name, summary, rows, table, batches in
            let reference = try AbslBatches(stage, rows: rows, batches)
            defer { reference.remove() }
            var output = stage.output
            var (pull, absl) = (Turns(), Turns())
            for _ in 0...stage.rounds {
                pull.take(each: batches.count * TableStage.batchCount) {
                    for batch in batches { table.pull(batch, into: &output) }
                }
                absl.append(try reference.run(.pull))
            }
            return [
                Figure(
                    "pull-absl-\(name)", "pull, \(summary)", unit: "keys/us",
                    lehr: pull.values.map { 1e3 / $0 },
                    reference: ("absl, prefetched", absl.values.map { 1e3 / $0 }),
                    target: .atLeast(3))
            ]
        }
    }

    /// Every size, law and number of partitions, with a filled table and its batches.
    private static func forEachCase(
        _ stage: TableStage,
        _ body: (String, String, Int, BenchTable, [BenchTable.Batch]) throws -> [Figure]
    ) throws -> [Figure] {
        var figures: [Figure] = []
        for rows in stage.rowCounts {
            for partitions in stage.partitionCounts {
                let table = try stage.table(rows: rows, partitions: partitions)
                for (name, law) in laws {
                    let batches = table.batches(stage.batches(rows: rows, law))
                    figures += try body(
                        "\(TableStage.text(rows))-\(name)-p\(partitions)",
                        "\(TableStage.text(rows)) rows, \(name), \(partitions) part.", rows, table,
                        batches)
                }
            }
        }
        return figures
    }
}
