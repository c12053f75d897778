import LehrCore
import LehrTable

/// What rows and their index take, and what is given back.
enum MemoryUse {
    static func measure(_ stage: TableStage) throws -> [Figure] {
        stage.dropTables()
        let (from, to) = stage.isQuick ? (50_000, 100_000) : (2_000_000, 4_000_000)
        let table = try BenchTable(partitions: 1, expecting: to)
        let partition = table.partitions[0]
        let stream = KeyStream(rowCount: to, law: .uniform, seed: TableStage.seed)
        var entryBytes: [Double] = []
        for start in stride(from: 0, to: to, by: TableStage.batchCount) {
            let end = min(start + TableStage.batchCount, to)
            table.push(table.batch((start..<end).map { stream.key(ofRow: $0) }), stage.gradients)
            if end >= from { entryBytes.append(Double(partition.indexBytesUsed) / Double(end)) }
        }
        let mean = entryBytes.reduce(0, +) / Double(entryBytes.count)
        let full = Double(table.bytesReserved)
        let payload = TableStage.dimension * 2 * 4
        let overhead = Double(table.bytesUsed - partition.indexBytesUsed) / Double(to)
        let removed = try shrink(table, stream, keeping: to / 10)
        return [
            Figure(
                "index-mean", "index, bytes an entry, mean over a doubling", unit: "bytes",
                lehr: [mean], target: .atMost(15)),
            Figure(
                "index-worst", "index, bytes an entry, at its worst", unit: "bytes",
                lehr: [entryBytes.max() ?? 0], target: .atMost(21)),
            Figure(
                "row-overhead", "a row beside weight and state", unit: "bytes",
                lehr: [overhead - Double(payload)], target: .atMost(32)),
            Figure(
                "given-back", "given back of all memory when 90 % of the keys went", unit: "%",
                lehr: [100 * (1 - Double(table.bytesReserved) / full)], target: .atLeast(70),
                note: "\(removed) rows removed; from \(Int(full) >> 20) MiB to "
                    + "\(table.bytesReserved >> 20) MiB"),
        ]
    }

    private static func shrink(
        _ table: BenchTable, _ stream: KeyStream, keeping: Int
    ) throws -> Int {
        var removed = 0
        for start in stride(from: keeping, to: stream.rowCount, by: TableStage.batchCount) {
            let end = min(start + TableStage.batchCount, stream.rowCount)
            let keys = (start..<end).map { stream.key(ofRow: $0) }
            removed += keys.withUnsafeBufferPointer {
                table.partitions[0].remove(keys: PackedElements($0))
            }
        }
        while table.partitions[0].compact() {}
        return removed
    }
}
