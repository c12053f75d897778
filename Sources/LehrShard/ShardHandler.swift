import CLehrWire
import LehrCluster
import LehrCore
import LehrMembership
package import LehrRPC
import LehrTable
import LehrWire

/// `lehr.v1.Shard` on one core: translates between the wire and the core's tables.
package final class ShardHandler {
    let shard: ShardCore
    let core: any Core
    private let limits: RPCLimits
    private let arenas = ArenaPool()
    private let compactor: Compactor
    package private(set) var counters = ShardCounters()

    /// Bytes of rows in one message of a scan, about: well below a millisecond's work.
    private static let scanBytes = 256 << 10

    package init(_ shard: ShardCore, core: any Core, limits: RPCLimits = RPCLimits()) {
        self.shard = shard
        self.core = core
        self.limits = limits
        compactor = Compactor(shard, core: core)
    }

    package func register(in services: ServiceTable) {
        services.unary(ShardMethods.pull) { [self] _, request, respond in
            answering(respond) { () throws(ShardRefusal) in try pull(request, respond) }
        }
        registerPush(in: services)
        registerSteps(in: services)
        registerMoves(in: services)
        services.serverStreaming(ShardMethods.scan) { [self] _, request, stream in
            scan(request, stream)
        }
        services.unary(ShardMethods.getStatistics) { [self] _, request, respond in
            let job = request.job == 0 ? nil : JobID(request.job)
            let statistics = shard.statistics(of: job)
            respond.succeed { [shard] answer, arena in
                (answer.n_partitions, answer.partitions) = arena.list(statistics) {
                    $0.fill(&$1)
                    _ = $2
                }
                answer.memory = arena.make(Wire.MemoryStatistics.self) { message, _ in
                    shard.memoryStatistics.fill(&message)
                }
            }
        }
    }

    // MARK: - Pull and push

    private func pull(
        _ request: borrowing Wire.PullRequest, _ respond: Responder<Wire.PullResponse>
    ) throws(ShardRefusal) {
        let decoded = arenas.take()
        defer { arenas.give(decoded) }
        let slices = try TableSlice.slices(of: request, shard, decoded)
        let pull = try shard.check(
            pull: slices, cluster: ClusterID(request.cluster_id),
            answerBytesMax: limits.messageBytesMax)
        counters.pulls += 1
        counters.keysPulled += slices.reduce(0) { $0 + UInt64($1.keyCount) }
        respond.succeed { answer, arena in
            (answer.n_tables, answer.tables) = arena.list(Array(slices.enumerated())) {
                slice, rows, arena in
                rows.table = slice.element.table.value
                rows.format = .init(rawValue: slice.element.rowFormat.wire)
                rows.values = arena.bytes(count: pull.byteCount(slice: slice.offset)) {
                    [shard] in shard.read(pull, slice: slice.offset, into: $0)
                }
            }
        }
    }

    /// A push is kept as bytes when it is staged, so it is registered untyped.
    private func registerPush(in services: ServiceTable) {
        services.register(
            ShardMethods.push.path,
            .unary { [self] _, bytes, responder in
                arenas.withArena { arena in
                    do {
                        let request = try Wire.PushRequest.decode(bytes, in: arena)
                        responder.succeed(try push(request.pointee, bytes, arena))
                    } catch let refusal as ShardRefusal {
                        counters.refusals += 1
                        responder.finish(.failure(RPCError(refusal.code, "\(refusal)")))
                    } catch {
                        responder.fail(.invalidArgument, "\(error)")
                    }
                }
            })
    }

    private func push(
        _ request: borrowing Wire.PushRequest, _ bytes: [UInt8], _ arena: WireArena
    ) throws(ShardRefusal) -> [UInt8] {
        let identity = try Self.identity(request.identity)
        let slices = try TableSlice.slices(of: request, shard, arena)
        let cluster = ClusterID(request.cluster_id)
        var answer = ShardCore.PushAnswer()
        if request.stage != 0 {
            _ = try shard.stage(
                slices, request: bytes, identity, cluster: cluster, now: core.now)
        } else {
            answer = try shard.push(slices, identity, cluster: cluster, now: core.now)
            compactor.wake()
        }
        try shard.checkAnswer(now: core.now)
        counters.pushes += 1
        counters.keysPushed += slices.reduce(0) { $0 + UInt64($1.keyCount) }
        counters.repeats += UInt64(answer.repeated)
        return arenas.encode { (message: inout Wire.PushResponse, arena) in
            (message.n_incarnations, message.incarnations) = arena.numbers(
                slices.flatMap { $0.runs.map(\.incarnation.value) })
            message.applied = answer.applied
            message.repeated_partitions = answer.repeated
        }
    }

    // MARK: - Steps

    private func registerSteps(in services: ServiceTable) {
        services.unary(ShardMethods.inquireStep) { [self] _, request, respond in
            step(request, respond) { identity, claims, cluster throws(ShardRefusal) in
                try shard.inquire(identity, at: claims, cluster: cluster, now: core.now)
            }
        }
        services.unary(ShardMethods.abortStep) { [self] _, request, respond in
            step(request, respond) { identity, claims, cluster throws(ShardRefusal) in
                try shard.abort(identity, at: claims, cluster: cluster, now: core.now)
            }
        }
        services.unary(ShardMethods.commitStep) { [self] _, request, respond in
            step(request, respond) { identity, claims, cluster throws(ShardRefusal) in
                let staged = try shard.staged(
                    identity, at: claims, cluster: cluster, now: core.now)
                if let staged { try commit(staged, identity) }
                return .committed
            }
        }
    }

    private func commit(
        _ staged: [UInt8], _ identity: PushIdentity
    ) throws(ShardRefusal) {
        try arenas.withArena { arena throws(ShardRefusal) in
            // It was decoded and checked when it was staged.
            guard let request = try? Wire.PushRequest.decode(staged, in: arena) else {
                throw .stepConflict("what was staged cannot be read")
            }
            try shard.commit(
                try TableSlice.slices(of: request.pointee, shard, arena),
                staged: try Self.identity(request.pointee.identity), identity, now: core.now)
        }
        compactor.wake()
    }

    private func step(
        _ request: borrowing Wire.StepRequest, _ respond: Responder<Wire.StepResponse>,
        _ body: (PushIdentity, [PartitionClaim], ClusterID) throws(ShardRefusal) -> StepStatus
    ) {
        let (identity, cluster) = (request.identity, ClusterID(request.cluster_id))
        let claims = each(request.n_tables, request.tables).flatMap { table in
            each(table.n_partitions, table.partitions).map {
                PartitionClaim(
                    PartitionID(table: TableID(table.table), index: $0.index),
                    PartitionIncarnation($0.incarnation))
            }
        }
        answering(respond) { () throws(ShardRefusal) in
            let status = try body(try Self.identity(identity), claims, cluster)
            try shard.checkAnswer(now: core.now)
            respond.succeed { answer, arena in
                answer.state = .init(rawValue: status.wire)
                (answer.n_incarnations, answer.incarnations) = arena.numbers(
                    claims.map(\.incarnation.value))
            }
        }
    }

    // MARK: - Scan

    private func scan(
        _ request: borrowing Wire.ScanRequest, _ stream: MessageStream<Wire.ScanChunk>
    ) {
        do throws(ShardRefusal) {
            try shard.check(cluster: ClusterID(request.cluster_id))
        } catch {
            return stream.finish(RPCError(error.code, "\(error)"))
        }
        let id = PartitionID(table: TableID(request.table), index: request.partition)
        do throws(ShardRefusal) {
            let partition = try shard.held(id, PartitionIncarnation(request.incarnation))
            send(ScanHold(partition), from: .start, to: stream)
        } catch {
            stream.finish(RPCError(error.code, "\(error)"))
        }
    }

    /// Sends chunks while the caller keeps up, and goes on when it can take more, if the partition
    /// is still here then.
    private func send(
        _ hold: ScanHold, from start: ScanCursor, to stream: MessageStream<Wire.ScanChunk>
    ) {
        let partition = hold.partition
        do throws(ShardRefusal) {
            _ = try shard.held(partition.id, partition.incarnation)
        } catch {
            return stream.finish(RPCError(error.code, "\(error)"))
        }
        // A key, a show and a click beside the weight.
        let rowBytes = 16 + partition.rows.spec.dimension * MemoryLayout<Float>.stride
        var next: ScanCursor? = start
        while let cursor = next {
            guard stream.untyped.isWritable else {
                stream.untyped.onWritable = { [self] in
                    stream.untyped.onWritable = nil
                    send(hold, from: cursor, to: stream)
                }
                return
            }
            let rows = partition.rows.scan(from: cursor, limit: Self.scanBytes / rowBytes)
            stream.send { chunk, arena in
                chunk.keys = arena.bytes(copying: rows.keys)
                chunk.values = arena.bytes(copying: rows.weights)
                chunk.shows = arena.bytes(copying: rows.shows)
                chunk.clicks = arena.bytes(copying: rows.clicks)
            }
            next = rows.next
        }
        stream.finish()
    }

    private static func identity(
        _ field: UnsafeMutablePointer<Wire.PushIdentity>?
    ) throws(ShardRefusal) -> PushIdentity {
        guard let field else { throw .malformed("a push or a step carries its identity") }
        return PushIdentity(wire: field.pointee)
    }

    private func answering<M>(
        _ respond: Responder<M>, _ body: () throws(ShardRefusal) -> Void
    ) {
        do throws(ShardRefusal) { try body() } catch {
            counters.refusals += 1
            respond.fail(error.code, "\(error)")
        }
    }
}
