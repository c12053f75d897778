import CLehrWire
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTable
import LehrWire
import Testing

/// One core of a shard behind its handler, called with bytes as a transport would.
///
/// It owns table 1 (hashed, four partitions, dimension 2) and table 2 (ten dense rows, one partition,
/// dimension 3) of job 1; a partition's incarnation is 100 times its table plus its index. Both use
/// plain gradient descent of rate 1 from zero, so that a row is minus the sum of its gradients.
final class ShardScene {
    let time = VirtualTime()
    let core: VirtualCore
    let shard: ShardCore
    let handler: ShardHandler
    let services = ServiceTable()

    static let cluster: UInt64 = 77
    static let member = MemberIncarnation(5)

    /// - Parameters:
    ///   - pool: of the shard's memory.
    ///   - storage: of table 1.
    ///   - sleeper: what the handler takes for the core.
    init(
        limits: RPCLimits = RPCLimits(), isReady: Bool = true, pool: BlockPool = BlockPool(),
        storage: RowStorage = RowStorage(), core sleeper: ((VirtualCore) -> any Core)? = nil
    ) throws {
        core = VirtualCore(on: time)
        shard = ShardCore(index: 0, pool: pool)
        handler = ShardHandler(shard, core: sleeper?(core) ?? core, limits: limits)
        handler.register(in: services)
        guard isReady else { return }
        shard.holds(lease())
        var map = Self.map()
        map.tables[0].spec.storage = storage
        try shard.adopt(map)
    }

    deinit { time.forgetAll() }

    func lease(_ member: MemberIncarnation = ShardScene.member) -> HeldLease {
        HeldLease(incarnation: member, sent: time.now, ttl: .seconds(10), drift: 0)
    }

    static func table(
        _ id: UInt32, _ keys: KeySpace, dimension: Int, bits: Int, job: UInt64 = 1
    ) -> PlacedTable {
        let spec = TableSpec(
            name: "t\(id)", keys: keys, dimension: dimension, initializer: .constant(0),
            optimizer: Optimizer(rule: .sgd, learningRate: 1), seed: 1)
        let partitions = BucketRange.even(bits: bits).enumerated().map { index, range in
            PlacedPartition(
                range: range, owner: member, ownerName: "s", core: 0,
                incarnation: PartitionIncarnation(UInt64(id) * 100 + UInt64(index)))
        }
        return PlacedTable(
            id: TableID(id), job: JobID(job), spec: spec, partitions: partitions)
    }

    static func map(version: UInt64 = 1) -> ClusterMap {
        ClusterMap(
            cluster: ClusterID(cluster), version: version, members: [],
            tables: [
                table(1, .hashed, dimension: 2, bits: 2),
                table(2, .rows(10), dimension: 3, bits: 0),
            ])
    }

    /// The first keys of a partition of table 1.
    static func keys(_ count: Int, of partition: UInt32) -> [UInt64] {
        Array(
            (0..<UInt64.max).lazy.filter {
                KeySpace.hashed.bucket(of: $0) >> 14 == partition
            }.prefix(count))
    }

    // MARK: - Calls

    func call<Q: WireMessage, P: WireMessage, Answer>(
        _ method: Method<Q, P>, _ bytes: [UInt8], _ read: (P) -> Answer
    ) -> Result<Answer, RPCError> {
        var outcome: Result<[UInt8], RPCError>?
        core.perform {
            guard case .unary(let body) = services.route(method.path)?.handler else { return }
            body(Self.context, bytes, UnaryResponder { result, _ in outcome = result })
        }
        guard let outcome else { return .failure(RPCError(.unknown, "no answer")) }
        return outcome.flatMap { bytes in
            let arena = WireArena()
            defer { withExtendedLifetime(arena) {} }
            guard let answer = try? P.decode(bytes, in: arena) else {
                return .failure(RPCError(.unknown, "not an answer"))
            }
            return .success(read(answer.pointee))
        }
    }

    static let context = CallContext(method: "", peer: "t", deadline: nil, metadata: Metadata())

    /// Partitions in which a push was applied and those that had it; or why it was refused.
    func push(_ request: PushFields) -> Result<[UInt32], RPCError> {
        call(ShardMethods.push, request.encoded) { [$0.applied, $0.repeated_partitions] }
    }

    /// `partitions`: the incarnations of the first ones of table 1.
    func step(
        _ method: Method<Wire.StepRequest, Wire.StepResponse>, batch: UInt64, attempt: UInt32 = 1,
        job: UInt64 = 1, generation: UInt32 = 1, at partitions: [UInt64] = [100, 101]
    ) -> Result<UInt32, RPCError> {
        let bytes = Wire.StepRequest.encode { request, arena in
            request.cluster_id = Self.cluster
            request.identity = arena.make(Wire.PushIdentity.self) { identity, _ in
                (identity.job, identity.generation, identity.batch) = (job, generation, batch)
                identity.attempt = attempt
            }
            (request.n_tables, request.tables) = arena.list([1]) { _, table, arena in
                table.table = 1
                (table.n_partitions, table.partitions) = arena.list(
                    Array(partitions.enumerated())
                ) { partition, ref, _ in
                    ref.index = UInt32(partition.offset)
                    ref.incarnation = partition.element
                }
            }
        }
        return call(method, bytes) { $0.state.rawValue }
    }

    /// Everything that a push may change, to see that a refused one did not.
    var state: [String] {
        shard.ownedPartitions.map { owned in
            let rows = owned.rows.scan(from: .start, limit: 10_000)
            return "\(owned.id) \(owned.generation) \(owned.applied) \(rows) \(owned.rowsPushed)"
        }
    }

    /// A row of table 1 as it is stored; nil when it does not exist.
    func row(_ key: UInt64) -> [Float]? {
        for owned in shard.ownedPartitions where owned.id.table.value == 1 {
            let rows = owned.rows.scan(from: .start, limit: 10_000)
            guard let position = rows.keys.firstIndex(of: key) else { continue }
            return Array(rows.weights[position * 2..<position * 2 + 2])
        }
        return nil
    }
}
