import CLehrWire
import LehrCluster
import LehrCore
import LehrHTTP2
import LehrMembership
import LehrRPC
import LehrTable
import LehrWire
import Synchronization

/// A live member with what is left of its lease.
struct ListedMember: Sendable {
    let member: Member
    let leaseRemaining: Duration
}

/// The map that the messages of a watch have led to.
private final class FollowedMap: Sendable {
    private let map: Mutex<ClusterMap?>

    init(_ known: ClusterMap?) { map = Mutex(known) }

    func next(_ message: Wire.ClusterMap) throws -> ClusterMap {
        try map.withLock { map in
            guard let next = try ClusterMap(wire: message, after: map) else {
                throw ClientError("the coordinator's changes of the cluster map have a gap")
            }
            map = next
            return next
        }
    }
}

/// All rows of one partition.
struct ScannedPartition: Sendable {
    /// `KeyWidth.words` of each row.
    var keys: [UInt64] = []
    /// `dimension` floats of each row.
    var weights: [Float] = []
}

extension ControlClient {
    func members() async throws -> (cluster: ClusterID, members: [ListedMember]) {
        try await call(CoordinatorMethods.listMembers, isIdempotent: true) { answer in
            let members = try each(answer.n_members, answer.members).map {
                ListedMember(
                    member: try Member(wire: $0),
                    leaseRemaining: .milliseconds(Int64($0.lease_remaining_ms)))
            }
            return (ClusterID(answer.cluster_id), members)
        }
    }

    /// Ends a member's lease; the member, and how long it may still believe in it.
    func revoke(
        _ name: String, _ incarnation: UInt64?
    ) async throws -> (member: Member, silentIn: Duration) {
        try await call(CoordinatorMethods.revokeLease) { request, arena in
            request.name = arena.string(name)
            request.incarnation = incarnation ?? 0
        } read: { answer in
            guard let member = answer.member?.pointee else {
                throw ClientError("the coordinator does not say whose lease has ended")
            }
            return (try Member(wire: member), .milliseconds(Int64(answer.silent_in_ms)))
        }
    }

    /// Begins to move a partition to a core.
    func move(_ id: PartitionID, to shard: String, core: UInt32) async throws {
        try await call(CoordinatorMethods.movePartition) { request, arena in
            request.table = id.table.value
            request.partition = id.index
            request.member = arena.string(shard)
            request.core = core
        } read: { _ in
        }
    }

    /// Begins to drain a shard; the partitions that it has.
    func drain(_ name: String) async throws -> Int {
        try await call(CoordinatorMethods.drainMember, isIdempotent: true) { request, arena in
            request.name = arena.string(name)
        } read: {
            Int($0.partitions)
        }
    }

    /// The cluster map, then each later version that comes; the first at once, also if it is `known`.
    func watchMap(from known: ClusterMap?) -> AsyncThrowingStream<ClusterMap, any Error> {
        let followed = FollowedMap(known)
        return stream(CoordinatorMethods.watchClusterMap) { request, _ in
            request.changes = 1
            request.known_version = known?.version ?? 0
            request.cluster_id = known?.cluster.value ?? 0
        } read: {
            try followed.next($0)
        }
    }

    func map() async throws -> ClusterMap {
        try await call(CoordinatorMethods.getClusterMap, isIdempotent: true) {
            try ClusterMap(wire: $0)
        }
    }

    func job(_ name: String) async throws -> JobStatus {
        try await call(
            CoordinatorMethods.getJob, isIdempotent: true,
            { request, arena in request.job = arena.string(name) },
            read: { try JobStatus(wire: $0) })
    }

    func jobs() async throws -> [JobStatus] {
        try await call(CoordinatorMethods.listJobs, isIdempotent: true) { answer in
            try each(answer.n_jobs, answer.jobs).map { try JobStatus(wire: $0) }
        }
    }

    func submit(_ spec: String) async throws -> JobStatus {
        try await call(
            CoordinatorMethods.submitJob, timeout: .seconds(60),
            { request, arena in request.spec = arena.string(spec) },
            read: { try JobStatus(wire: $0) })
    }

    func stop(_ job: String) async throws -> JobStatus {
        try await call(
            CoordinatorMethods.stopJob, { request, arena in request.job = arena.string(job) },
            read: { try JobStatus(wire: $0) })
    }

    func watch(_ job: String) -> AsyncThrowingStream<JobStatus, any Error> {
        stream(
            CoordinatorMethods.watchJob, { request, arena in request.job = arena.string(job) },
            read: { try JobStatus(wire: $0) })
    }

    /// What the job's partitions hold, and the memory of every core that owns some. Cores are asked all
    /// at once, and each is waited for 2 s: one that hangs is told of like one that is gone.
    func statistics(of job: JobID, on map: ClusterMap) async -> [Result<CoreCount, any Error>] {
        var addresses: [String] = []
        for table in map.tables(of: job) {
            for address in table.partitions.compactMap({ map.address(of: $0) })
            where !addresses.contains(address) {
                addresses.append(address)
            }
        }
        return await statistics(of: job, at: addresses)
    }

    /// The same of cores at `addresses`, in their order.
    func statistics(
        of job: JobID, at addresses: [String]
    ) async -> [Result<CoreCount, any Error>] {
        await withTaskGroup { group in
            for (index, address) in addresses.enumerated() {
                group.addTask { (index, await self.count(of: job, at: address)) }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func count(of job: JobID, at address: String) async -> Result<CoreCount, any Error> {
        do {
            return .success(
                try await call(
                    ShardMethods.getStatistics, to: address, timeout: .seconds(2),
                    isIdempotent: true, { request, _ in request.job = job.value },
                    read: { CoreCount($0, at: address) }))
        } catch {
            return .failure(error)
        }
    }

    /// Every row of a partition; memory for all of them.
    func scan(
        _ partition: Int, of table: PlacedTable, on map: ClusterMap
    ) async throws -> ScannedPartition {
        let placed = table.partitions[partition]
        guard let address = map.address(of: placed) else {
            throw ClientError("shard \(placed.ownerName) has left; the rows it owned are gone")
        }
        let chunks = stream(ShardMethods.scan, to: address) { request, _ in
            request.cluster_id = map.cluster.value
            request.table = table.id.value
            request.partition = UInt32(partition)
            request.incarnation = placed.incarnation.value
        } read: { chunk in
            let keys = chunk.keys.elements(of: UInt64.self)?.copied() ?? []
            let weights = chunk.values.elements(of: Float.self)?.copied() ?? []
            guard
                weights.count * table.spec.storage.keyWidth.words
                    == keys.count * table.spec.dimension
            else {
                throw ClientError("\(address): a scan's rows do not fit its keys")
            }
            return ScannedPartition(keys: keys, weights: weights)
        }
        var rows = ScannedPartition()
        for try await chunk in chunks {
            rows.keys += chunk.keys
            rows.weights += chunk.weights
        }
        return rows
    }

    /// The rows of `keys`, in order; a key never pushed has its initial value. Owners are looked for on
    /// `map` as it is at each attempt, for as long as `patience`.
    func pull(
        _ keys: [UInt64], of table: PlacedTable, patience: Duration = .seconds(30),
        on map: @escaping @Sendable () -> ClusterMap
    ) async throws -> [Float] {
        try requireShards()
        return try await start { transport, finish in
            let client = TableClient(
                transport: transport, random: RandomSource(seed: 1), map: map)
            let rows = UnsafeMutableBufferPointer<Float>.allocate(
                capacity: keys.count * table.spec.dimension)
            rows.initialize(repeating: 0)
            let end = { (result: Result<Void, any Error>) in
                finish(result.map { Array(rows) })
                rows.deallocate()
            }
            var timer: TimerID?
            let pull = client.pull([TableClient.Pull(table: table.id, keys: keys, rows: rows)]) {
                timer.map { transport.core.cancel($0) }
                end($0.map { .failure(ClientError($0, address: "the shards")) } ?? .success(()))
            }
            guard let pull else { return }
            timer = transport.core.schedule(after: patience) {
                pull.cancel()
                end(
                    .failure(
                        ClientError(
                            """
                            rows of \(table.spec.name) were not handed out for \(patience); `lehr \
                            placement` and `lehr members` show who should
                            """)))
            }
        }
    }
}

/// What one core of a shard tells of a job's partitions there, and of the memory of all its tables.
struct CoreCount: Sendable {
    var partitions: [PartitionCount]
    var memory: CoreMemory

    init(_ wire: Wire.GetStatisticsResponse, at address: String) {
        partitions = each(wire.n_partitions, wire.partitions).map { PartitionCount($0) }
        let memory = wire.memory?.pointee
        self.memory = CoreMemory(
            address: address, bytesLimit: memory?.bytes_limit ?? 0,
            bytesReserved: memory?.bytes_reserved ?? 0, bytesUsed: memory?.bytes_used ?? 0,
            pagesUnprepared: memory?.pages_unprepared ?? 0)
    }
}

/// The memory that all tables of one core share; a limit of 0 is none.
struct CoreMemory: Sendable, Codable {
    var address: String
    var bytesLimit: UInt64
    var bytesReserved: UInt64
    var bytesUsed: UInt64
    var pagesUnprepared: UInt64
}

/// What one partition holds and has done, as a shard tells it.
struct PartitionCount: Sendable, Codable {
    var table: UInt32
    var partition: UInt32
    var rows: UInt64
    var bytesUsed: UInt64
    var bytesReserved: UInt64
    var batchesApplied: UInt64
    var batchesRepeated: UInt64
    var rowsPushed: UInt64
    var rowsRefused: UInt64
    var rowsRefusedAtLimit: UInt64
    var rowsRetired: UInt64
    var rowsWidened: UInt64
    var zeroWeights: UInt64
    var rowsPulled: UInt64

    init(_ wire: Wire.PartitionStatistics) {
        table = wire.table
        partition = wire.partition
        rows = wire.rows
        bytesUsed = wire.bytes_used
        bytesReserved = wire.bytes_reserved
        batchesApplied = wire.batches_applied
        batchesRepeated = wire.batches_repeated
        rowsPushed = wire.rows_pushed
        rowsRefused = wire.rows_refused
        rowsRefusedAtLimit = wire.rows_refused_at_limit
        rowsRetired = wire.rows_retired
        rowsWidened = wire.rows_widened
        zeroWeights = wire.zero_weights
        rowsPulled = wire.rows_pulled
    }
}
