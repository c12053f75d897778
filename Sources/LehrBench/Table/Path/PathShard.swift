import LehrCore
import LehrRPC
import LehrReactor
import LehrShard
import LehrTable

/// A shard on one core that owns all of `PathCluster`'s table, and keeps the time of its handlers.
enum PathShard {
    /// Answers with `HandlerTimes`.
    static let timesPath = "/lehr.bench.v1.Path/HandlerTimes"

    static func services(
        partitions: Int, on reactor: Reactor, _ limits: RPCLimits
    ) throws -> ServiceTable {
        let cluster = PathCluster(partitions: partitions)
        let shard = ShardCore(index: 0, pool: BlockPool(sparePages: .max))
        shard.holds(cluster.lease(from: reactor.now))
        try shard.adopt(cluster.map())
        let handlers = ServiceTable()
        ShardHandler(shard, core: reactor, limits: limits).register(in: handlers)
        return timed(handlers)
    }

    /// The same methods, and one that tells how long they took: a clock is read twice a call.
    private static func timed(_ handlers: ServiceTable) -> ServiceTable {
        let services = ServiceTable()
        var times = HandlerTimes()
        for path in handlers.paths {
            guard let handler = handlers.route(path)?.handler else { continue }
            guard case .unary(let answer) = handler,
                [ShardMethods.pull.path, ShardMethods.push.path].contains(path)
            else {
                services.register(path, handler)
                continue
            }
            let isPull = path == ShardMethods.pull.path
            services.register(
                path,
                .unary { context, bytes, responder in
                    let start = threadNanoseconds()
                    answer(context, bytes, responder)
                    times.add(threadNanoseconds() - start, isPull: isPull)
                })
        }
        services.register(timesPath, .unary { _, _, responder in responder.succeed(times.bytes) })
        return services
    }
}

/// CPU nanoseconds in the handlers so far: from a request's bytes to its answer's, without HTTP/2.
struct HandlerTimes {
    private(set) var pull = 0.0
    private(set) var push = 0.0

    init() {}

    mutating func add(_ nanoseconds: Double, isPull: Bool) {
        if isPull { pull += nanoseconds } else { push += nanoseconds }
    }

    var bytes: [UInt8] { [pull, push].flatMap { withUnsafeBytes(of: $0, Array.init) } }

    /// nil: not as `bytes` are.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        (pull, push) = bytes.withUnsafeBytes {
            (
                $0.loadUnaligned(as: Double.self),
                $0.loadUnaligned(fromByteOffset: 8, as: Double.self)
            )
        }
    }
}
