import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrPlacement
import LehrTable

/// Plans and coordinators for tests.
enum PlanFixture {
    static let terms = LeaseTerms(ttl: .seconds(10), heartbeat: .seconds(3))
    static let start = Instant(nanoseconds: 1_000_000_000_000)

    static func spec(_ name: String, keys: KeySpace = .hashed) -> TableSpec {
        TableSpec(
            name: name, keys: keys, dimension: 8,
            initializer: .uniform(low: -0.1, high: 0.3333333),
            optimizer: Optimizer(
                rule: .adagrad(initialAccumulator: 1e-10), learningRate: 0.2, l2: 7.8e-5),
            seed: 0xFFFF_FFFF_FFFF_FFF1)
    }

    /// `files` files of 250 examples in batches of 100.
    static func plan(
        name: String = "job", files: Int = 3, epochs: UInt32 = 2, isSequential: Bool = false,
        evaluated: [UInt32]? = nil, bits: Int = 2
    ) -> JobPlan {
        JobPlan(
            name: name, spec: "name: \(name)\n",
            tables: [spec("user"), spec("w", keys: .rows(128))],
            files: (0..<files).map { JobPlan.File(path: "train-\($0)", examples: 250) },
            validation: "validation", evaluatedEpochs: evaluated ?? Array(0..<epochs),
            epochs: epochs, batchSize: 100, isSequential: isSequential, partitionBits: bits)
    }

    static func ledger(
        name: String = "job", files: Int = 3, epochs: UInt32 = 2, isSequential: Bool = false,
        evaluated: [UInt32]? = nil
    ) -> JobLedger {
        var instance = instance()
        _ = try? instance.join(
            join("s", .shard), now: start, unixMilliseconds: 0)
        let plan = plan(
            name: name, files: files, epochs: epochs, isSequential: isSequential,
            evaluated: evaluated)
        _ = try? instance.submit(plan, unixMilliseconds: 0)
        return instance.jobs[0]
    }

    static func instance() -> CoordinatorInstance {
        CoordinatorInstance(id: ClusterID(7), terms: terms, placer: EvenSplitPlacer())
    }

    static func join(
        _ name: String, _ role: Role, cluster: UInt64? = nil
    ) -> CoordinatorInstance.JoinRequest {
        CoordinatorInstance.JoinRequest(
            name: name, role: role,
            coreAddresses: role == .shard ? ["\(name):1", "\(name):2"] : [],
            httpAddress: "", cluster: cluster.map { ClusterID($0) })
    }

    /// A report of `task` at `floor` of its three batches.
    static func report(_ task: TaskLease, floor: UInt64 = 3) -> TaskReport {
        var report = TaskReport(of: task)
        report.batches = 3
        report.floor = floor
        report.samples = min(floor * 100, 250)
        report.isDone = floor == 3
        if task.kind == .evaluate { (report.metricName, report.metric) = ("auc", 0.75) }
        return report
    }
}
