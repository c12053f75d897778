import LehrCore
import LehrReactor

/// Pulls and pushes through the whole path: a worker's client, HTTP/2 on loopback, a shard's core, its
/// table, and back.
enum Paths {
    static let rowCount = 1_000_000
    static let batchCount = 10_000
    private static let note =
        "transport is the shard's CPU outside of its handlers, whose time its process keeps; table is "
        + "the same batches pulled or pushed in this process, where their other end stays in a cache; "
        + "messages and checks are the rest of the handlers, and the misses of that other end"

    static func measure(_ stage: TableStage) throws -> [Figure] {
        // As every core of a role has it.
        ProcessMemory.keepLargeBlocks()
        var stream = KeyStream(rowCount: rowCount, law: .uniform, seed: TableStage.seed)
        let keys = stream.next(stage.isQuick ? 8 : 64, batchesOf: batchCount)
        let batches = split(keys.keys, batchCount)
        let all = split((0..<rowCount).map { stream.key(ofRow: $0) }, batchCount)
        return try stage.partitionCounts.flatMap { partitions in
            let process = try ChildProcess(
                stage.launcher.serve + ["--kind", "shard", "--partitions", "\(partitions)"],
                by: stage.launcher, on: stage.processors.server, seconds: 1800)
            let load = try PathLoad(process, PathCluster(partitions: partitions), batches: batches)
            _ = try onLoad(stage) { try load.run(.push, all.count, inFlight: 1, over: all) }
            let table = try stage.table(rows: rowCount, partitions: partitions)
            return try PathLoad.Work.allCases.flatMap {
                try figures($0, partitions, load, table, batches, stage)
            }
        }
    }

    private static func split(_ keys: [UInt64], _ size: Int) -> [[UInt64]] {
        stride(from: 0, to: keys.count, by: size).map { Array(keys[$0..<$0 + size]) }
    }

    /// The client has the processor of the load to itself.
    private static func onLoad<Value>(
        _ stage: TableStage, _ body: () throws -> Value
    ) throws -> Value {
        try Processors.pin(to: stage.processors.load)
        let value = Result { try body() }
        try Processors.pin(to: stage.processors.server)
        return try value.get()
    }

    private static func figures(
        _ work: PathLoad.Work, _ partitions: Int, _ load: PathLoad, _ table: BenchTable,
        _ batches: [[UInt64]], _ stage: TableStage
    ) throws -> [Figure] {
        let count = stage.isQuick ? 16 : 1000
        let inFlight = try bestInFlight(work, load, count / 4, stage)
        let grouped = batches.map { table.batch($0) }
        let gradients = [Float](repeating: 0.01, count: batchCount * TableStage.dimension)
        var rows = gradients
        var outcomes: [PathLoad.Outcome] = []
        var alone = Turns()
        for _ in 0...stage.rounds {
            outcomes.append(try onLoad(stage) { try load.run(work, count, inFlight: inFlight) })
            alone.take(each: grouped.count * batchCount) {
                for batch in grouped {
                    switch work {
                    case .pull: table.pull(batch, into: &rows)
                    case .push: table.push(batch, gradients)
                    }
                }
            }
        }
        return describe(
            work, partitions, inFlight, Array(outcomes.dropFirst()), alone.values.map { $0 / 1e3 })
    }

    private static func bestInFlight(
        _ work: PathLoad.Work, _ load: PathLoad, _ count: Int, _ stage: TableStage
    ) throws -> Int {
        var best = (inFlight: 1, rate: 0.0)
        for inFlight in [1, 2, 4, PathLoad.inFlightMax] {
            let rate = try onLoad(stage) {
                try load.run(work, count, inFlight: inFlight).keysPerSecond
            }
            if rate > best.rate { best = (inFlight, rate) }
        }
        return best.inFlight
    }

    private static func describe(
        _ work: PathLoad.Work, _ partitions: Int, _ inFlight: Int, _ outcomes: [PathLoad.Outcome],
        _ table: [Double]
    ) -> [Figure] {
        let name = "path-\(work.rawValue)-p\(partitions)"
        let summary = "\(work.rawValue) through the path, \(partitions) part."
        let shard = Sample(outcomes.map(\.shard)).median
        let handlers = Sample(outcomes.map(\.handlers)).median
        let tableOnly = Sample(table).median
        func share(_ part: Double) -> String { "\(Int((100 * part / shard).rounded())) %" }
        return [
            Figure(
                name, summary, unit: "M keys/s", lehr: outcomes.map { $0.keysPerSecond / 1e6 },
                target: .atLeast(work == .pull ? 16 : 13),
                note: "\(inFlight) in flight, batches of \(batchCount) keys"),
            Figure(
                "\(name)-shard", "CPU of the shard, \(summary)", unit: "s/M keys",
                lehr: outcomes.map(\.shard), target: .atMost(0.06),
                note: "table \(share(tableOnly)), messages and checks "
                    + "\(share(handlers - tableOnly)), transport \(share(shard - handlers)); \(note)"
            ),
            Figure(
                "\(name)-client", "CPU of the client, \(summary)", unit: "s/M keys",
                lehr: outcomes.map(\.client)),
        ]
    }
}
