import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTable
import LehrWeb
import LehrWire
import LehrWorker
import Metrics

/// Turns what the cores count into metrics, once a second, so that nothing is shared on the way of a
/// request.
final class NodeMetrics: Sendable {
    let registry: PrometheusRegistry
    private static let interval = Duration.seconds(1)

    init(_ registry: PrometheusRegistry) {
        self.registry = registry
        registry.describe("lehr_rpc_denied_total", "Calls refused for who made them, by status.")
        describeRPC()
        describeTables()
        describeMoves()
        registry.describe("lehr_cluster_members", "Live members, by role.")
        registry.describe("lehr_jobs", "Jobs, by state.")
        registry.describe("lehr_draining_shards", "Shards that hand over what they own.")
        registry.describe("lehr_moving_partitions", "Partitions on their way to another core.")
    }

    // MARK: - What is followed

    func follow(_ authorizer: Authorizer, on core: any Core) {
        var denied = Deltas("lehr_rpc_denied_total", registry)
        every(on: core) { [weak authorizer, unowned core] in
            guard let authorizer else { return false }
            let counters = authorizer.counters
            for (code, count) in [
                (StatusCode.unauthenticated, counters.unauthenticated),
                (StatusCode.permissionDenied, counters.forbidden),
            ] {
                denied.advance(to: count, [("code", code.name), ("core", "\(core.index)")])
            }
            return true
        }
    }

    func follow(_ handler: ShardHandler, _ shard: ShardCore, on core: any Core) {
        let labels = [("core", "\(core.index)")]
        var deltas = Self.shardCounters.map { (Deltas($0.name, registry), $0.value) }
        var tables = TableTotals(registry, labels[0])
        var moves = MoveTotals(registry, labels[0])
        every(on: core) {
            for index in deltas.indices {
                deltas[index].0.advance(to: deltas[index].1(handler.counters), labels)
            }
            tables.advance(to: shard.statistics(of: nil), shard.memoryStatistics)
            moves.advance(to: shard.moveCounters)
            return true
        }
    }

    private static let shardCounters: [(name: String, value: @Sendable (ShardCounters) -> UInt64)] =
        [
            ("lehr_shard_pulls_total", { $0.pulls }),
            ("lehr_shard_pulled_keys_total", { $0.keysPulled }),
            ("lehr_shard_pushes_total", { $0.pushes }),
            ("lehr_shard_pushed_keys_total", { $0.keysPushed }),
            ("lehr_shard_repeated_partitions_total", { $0.repeats }),
            ("lehr_shard_refusals_total", { $0.refusals }),
        ]

    func follow(_ shell: WorkerShell, on core: any Core) {
        var tasks = Deltas("lehr_worker_tasks_total", registry)
        var pulled = Deltas("lehr_worker_pulled_bytes_total", registry)
        var pushed = Deltas("lehr_worker_pushed_bytes_total", registry)
        every(on: core) { [weak shell] in
            guard let shell else { return false }
            tasks.advance(to: shell.tasksDone, [])
            pulled.advance(to: shell.bytes.pulled, [])
            pushed.advance(to: shell.bytes.pushed, [])
            return true
        }
    }

    /// The coordinator's state after a change.
    func observe(_ instance: CoordinatorInstance) {
        for role in Role.allCases {
            Meter(
                label: "lehr_cluster_members", dimensions: [("role", role.rawValue)],
                factory: registry
            ).set(instance.leases.members.count { $0.role == role })
        }
        Meter(label: "lehr_draining_shards", factory: registry)
            .set(instance.leases.drainingCount)
        Meter(label: "lehr_moving_partitions", factory: registry).set(instance.movingCount)
        for (state, count) in instance.jobCounts {
            Meter(label: "lehr_jobs", dimensions: [("state", state)], factory: registry).set(count)
        }
    }

    /// Runs `body` each second on `core` while it returns true.
    func every(on core: any Core, _ body: @escaping () -> Bool) {
        _ = core.schedule(after: Self.interval) { [self] in
            if body() { every(on: core, body) }
        }
    }
}

/// A counter that follows totals counted elsewhere.
struct Deltas {
    private let name: String
    private let registry: PrometheusRegistry
    private var series: [String: (counter: Counter, last: UInt64)] = [:]

    init(_ name: String, _ registry: PrometheusRegistry) {
        self.name = name
        self.registry = registry
    }

    mutating func advance(to total: UInt64, _ labels: [(String, String)]) {
        let key = labels.map(\.1).joined(separator: ",")
        // A series appears with its first count.
        guard total > 0 || series[key] != nil else { return }
        let (counter, last) =
            series[key] ?? (Counter(label: name, dimensions: labels, factory: registry), 0)
        if total > last { counter.increment(by: total - last) }
        series[key] = (counter, total)
    }
}
