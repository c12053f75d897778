import Glibc
import LehrCore

/// What the measures of a table share: sizes, rounds, tables that are made once, and the reference.
package final class TableStage {
    /// Numbers of a row's weight, and keys of a batch, throughout.
    static let dimension = 16
    static let batchCount = 4096
    static let seed: UInt64 = 20

    let launcher: Launcher
    let processors: Processors
    let isQuick: Bool
    let rowCounts: [Int]
    private let abslProgram: String
    private var tables: [TableKey: BenchTable] = [:]
    private var batches: [BatchKey: KeyBatches] = [:]
    private var absl: (table: AbslTable, rowCount: Int)?

    private struct TableKey: Hashable {
        let rowCount: Int
        let partitionCount: Int
    }

    private struct BatchKey: Hashable {
        let rowCount: Int
        let isZipf: Bool
    }

    init(
        _ launcher: Launcher, _ processors: Processors, isQuick: Bool, rowCounts: [Int],
        abslProgram: String
    ) throws(BenchError) {
        self.launcher = launcher
        self.processors = processors
        self.isQuick = isQuick
        self.rowCounts = rowCounts
        self.abslProgram = abslProgram
        // The tables are here; the reference takes its turns on the same processor.
        try Processors.pin(to: processors.server)
    }

    var rounds: Int { isQuick ? 1 : 5 }
    /// Batches of one pass: so many keys that no cache holds their rows from one pass to the next.
    var passBatches: Int { isQuick ? 16 : 256 }
    var partitionCounts: [Int] { [1, 64] }

    /// A filled table, kept until one of another size is asked for.
    func table(rows: Int, partitions: Int) throws -> BenchTable {
        let key = TableKey(rowCount: rows, partitionCount: partitions)
        if let table = tables[key] { return table }
        tables = tables.filter { $0.key.rowCount == rows }
        let table = try BenchTable(partitions: partitions, expecting: rows)
        table.fill(KeyStream(rowCount: rows, law: .uniform, seed: Self.seed))
        tables[key] = table
        return table
    }

    func batches(rows: Int, _ law: KeyStream.Law) -> KeyBatches {
        let isZipf = if case .zipf = law { true } else { false }
        let key = BatchKey(rowCount: rows, isZipf: isZipf)
        if let known = batches[key] { return known }
        batches = batches.filter { $0.key.rowCount == rows }
        var stream = KeyStream(rowCount: rows, law: law, seed: Self.seed)
        let made = stream.next(passBatches, batchesOf: Self.batchCount)
        batches[key] = made
        return made
    }

    /// absl's table of these rows, in its own process.
    func abslTable(rows: Int) throws -> AbslTable {
        if let absl, absl.rowCount == rows { return absl.table }
        return try makeAbslTable(rows: rows).table
    }

    /// Makes absl's table of these rows, anew if it stands already.
    func makeAbslTable(rows: Int) throws -> (table: AbslTable, made: AbslTable.Made) {
        let table =
            try absl?.table
            ?? AbslTable(program: abslProgram, by: launcher, on: processors.server)
        let made = try table.make(
            rows: rows, dimension: Self.dimension, stride: BenchTable.abslStride, seed: Self.seed)
        absl = (table, rows)
        return (table, made)
    }

    func dropTables() { tables = [:] }

    /// Room for the rows of a batch, and gradients for them.
    var output: [Float] { [Float](repeating: 0, count: Self.batchCount * Self.dimension) }
    let gradients = [Float](repeating: 0.01, count: batchCount * dimension)

    /// 1000000 as 1M.
    static func text(_ count: Int) -> String {
        if count % 1_000_000 == 0 { return "\(count / 1_000_000)M" }
        return count % 1000 == 0 ? "\(count / 1000)k" : "\(count)"
    }

    /// Where keys are written for the reference; whoever writes them removes them.
    static let keyPath =
        (access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/lehr-bench-\(getpid())-keys"
}

/// The CPU time of the calling thread, in nanoseconds.
func threadNanoseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// A clock of everybody's.
func wallNanoseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// The CPU time that `work` takes, in nanoseconds for each of `count`.
func nanoseconds(each count: Int, _ work: () throws -> Void) rethrows -> Double {
    let start = threadNanoseconds()
    try work()
    return (threadNanoseconds() - start) / Double(count)
}
