import LehrCluster
import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor

/// Pulls or pushes of a worker's client on a reactor of the calling thread, some in flight at a time.
final class PathLoad {
    enum Work: String, CaseIterable {
        case pull, push
    }

    /// What one turn took, each number for one key.
    struct Outcome {
        let keysPerSecond: Double
        /// CPU microseconds of the shard's process, of these in its handlers, and of the client's
        /// thread: as many seconds a million keys.
        let shard: Double
        let handlers: Double
        let client: Double
    }

    private struct Reading {
        let wall = wallNanoseconds()
        let client = threadNanoseconds()
        let shard: Double
        let times: HandlerTimes
    }

    private let process: ChildProcess
    private let address: String
    private let cluster: PathCluster
    private let batches: [[UInt64]]
    private var rows: [UnsafeMutableBufferPointer<Float>]
    private let gradients: UnsafeMutableBufferPointer<Float>
    private var pushes = PushSequence()

    static let inFlightMax = 8

    /// - Parameter batches: each of the same number of distinct keys.
    init(_ process: ChildProcess, _ cluster: PathCluster, batches: [[UInt64]]) throws(BenchError) {
        self.process = process
        self.cluster = cluster
        self.batches = batches
        address = try process.line()
        let floats = batches[0].count * TableStage.dimension
        rows = (0..<Self.inFlightMax).map { _ in .allocate(capacity: floats) }
        for room in rows { room.initialize(repeating: 0) }
        gradients = .allocate(capacity: floats)
        gradients.initialize(repeating: 0.01)
    }

    deinit {
        for room in rows { room.deallocate() }
        gradients.deallocate()
    }

    /// Runs `count` operations, going round `batches`, or round `others`.
    func run(
        _ work: Work, _ count: Int, inFlight: Int, over others: [[UInt64]]? = nil
    ) throws(BenchError) -> Outcome {
        let batches = others ?? self.batches
        return try LoadReactor.run { [self] reactor, end in
            let transport = HTTP2Transport(reactor: reactor, random: RandomSource(seed: 1))
            let map = cluster.map(address: address)
            let client = TableClient(transport: transport, random: RandomSource(seed: 2)) { map }
            // The connection is made before the clock starts.
            read(transport, end) { [self] before in
                let turn = Turn(work, count, batches, client, self)
                turn.run(inFlight: inFlight) { [self] error in
                    if let error { return end(.failure(BenchError("a call has failed: \(error)"))) }
                    read(transport, end) { after in
                        let outcome = Self.outcome(work, count * batches[0].count, before, after)
                        transport.shutDown(grace: .zero) { end(.success(outcome)) }
                    }
                }
            }
        }
    }

    private func read(
        _ transport: HTTP2Transport, _ end: @escaping (Result<Outcome, BenchError>) -> Void,
        _ body: @escaping (Reading) -> Void
    ) {
        let channel = transport.channel(to: address)
        _ = channel.unary(PathShard.timesPath, [], CallOptions(timeout: .seconds(60))) {
            [process] result in
            do throws(BenchError) {
                guard case .success(let bytes) = result, let times = HandlerTimes(bytes) else {
                    throw BenchError("the shard does not tell its times: \(result)")
                }
                body(Reading(shard: try process.cpuSeconds, times: times))
            } catch {
                end(.failure(error))
            }
        }
    }

    private static func outcome(
        _ work: Work, _ keys: Int, _ before: Reading, _ after: Reading
    ) -> Outcome {
        let time = work == .pull ? \HandlerTimes.pull : \HandlerTimes.push
        let keys = Double(keys)
        return Outcome(
            keysPerSecond: keys / (after.wall - before.wall) * 1e9,
            shard: (after.shard - before.shard) * 1e6 / keys,
            handlers: (after.times[keyPath: time] - before.times[keyPath: time]) / 1e3 / keys,
            client: (after.client - before.client) / 1e3 / keys)
    }

    /// Operations that follow each other in each of some lanes.
    private final class Turn {
        private let work: Work
        private let count: Int
        private let batches: [[UInt64]]
        private let client: TableClient
        private let load: PathLoad
        private var (started, ended) = (0, 0)
        private var completion: ((RPCError?) -> Void)?

        init(
            _ work: Work, _ count: Int, _ batches: [[UInt64]], _ client: TableClient,
            _ load: PathLoad
        ) {
            self.work = work
            self.count = count
            self.batches = batches
            self.client = client
            self.load = load
        }

        func run(inFlight: Int, _ completion: @escaping (RPCError?) -> Void) {
            self.completion = completion
            for lane in 0..<min(inFlight, count) { next(lane) }
        }

        private func next(_ lane: Int) {
            guard started < count else { return }
            let keys = batches[started % batches.count]
            started += 1
            let done = { [self] (error: RPCError?) in
                ended += 1
                if error == nil { next(lane) }
                guard error != nil || ended == count else { return }
                completion.take()?(error)
            }
            switch work {
            case .pull:
                let rows = load.rows[lane]
                _ = client.pull(
                    [.init(table: PathCluster.table, keys: keys, rows: load.room(rows, keys))], done
                )
            case .push:
                let identity = load.pushes.begin()
                let gradients = UnsafeBufferPointer(load.room(load.gradients, keys))
                _ = client.push(
                    [.init(table: PathCluster.table, keys: keys, gradients: gradients)], identity,
                    staged: false
                ) { [load] error in
                    load.pushes.settle(identity)
                    done(error)
                }
            }
        }
    }

    private func room(
        _ rows: UnsafeMutableBufferPointer<Float>, _ keys: [UInt64]
    ) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: rows[..<(keys.count * TableStage.dimension)])
    }
}
