import LehrCluster
package import LehrCoordinator
import LehrCore
package import LehrMembership
import LehrRPC

/// One run of a scenario from one seed: the real coordinator, shards and workers train one job after
/// another, and serving answers, while faults happen, and after the last of them has healed until one
/// more job is complete.
///
/// Two runs with one seed give the same events, provided that hashing is deterministic
/// (`SWIFT_DETERMINISTIC_HASHING=1`).
package final class Simulation {
    /// What one run came to.
    package struct Outcome {
        package let violations: [String]
        package let events: Int
        package let jobs: Int
        /// How often each fault took effect.
        package let faults: [(name: String, fired: Int)]
    }

    private let scenario: Scenario
    private let cluster: ClusterSandbox
    private let stream: JobStream
    private let traffic: ServingTraffic
    private let serving = ServingChecker()
    private let log: EventLog?
    private let checkers: [any Checker]
    private var plans: [(fault: Fault, plan: FaultPlan)] = []

    /// Until faults that cannot take effect are given up.
    private static let faultsMax = Duration.seconds(120)

    /// - Parameters:
    ///   - log: gets every event; nil: nobody wants to know, which is faster.
    ///   - guards: what the roles check.
    ///   - isSyncing: whether the coordinator's disk keeps what it was given.
    ///   - store: how SQLite keeps the coordinator's state there.
    ///   - servingNeedsLease: whether serving refuses to answer without one.
    package init(
        _ scenario: Scenario, seed: UInt64, workload: Workload, log: EventLog? = nil,
        guards: Guards = .all, isSyncing: Bool = true,
        store: SQLiteStateStore.Settings = SQLiteStateStore.Settings(),
        servingNeedsLease: Bool = false
    ) {
        var random = RandomSource(seed: seed)
        var options = SandboxOptions(seed: random.next())
        let latency = Int(scenario.latencyMax.nanoseconds)
        options.latencyMax = .nanoseconds(Int64(latency / 20 + random.below(latency)))
        options.driftMaxPPM = scenario.driftMaxPPM
        options.guards = guards
        options.terms.ttl = scenario.ttl ?? options.terms.ttl
        options.laterTTL = scenario.laterTTL
        options.store = store
        options.servingNeedsLease = servingNeedsLease
        options.store.checkpointPages = scenario.checkpointPages ?? store.checkpointPages
        let cluster = ClusterSandbox(options, files: workload.files)
        cluster.disk.isSyncing = isSyncing
        self.scenario = scenario
        self.cluster = cluster
        self.log = log
        stream = JobStream(cluster, spec: workload.spec(scenario.mode))
        traffic = ServingTraffic(cluster, workload.models, seed: ~seed)
        checkers =
            [
                AppliedOnceChecker(), EveryBatchChecker(workload, keepsRows: scenario.keepsRows),
                SingleOwnerChecker(),
                PositionChecker(), MapChecker(), DurabilityChecker(), LeaseChecker(), serving,
            ] + (scenario.staysWritable ? [AvailabilityChecker(), TaskChecker()] : [])
            + (scenario.keepsMembers ? [MembershipChecker()] : [])
        plans = scenario.faults.map { fault in
            let say = { [unowned cluster] (what: String) in
                log?.note(cluster.time.now, what) ?? ()
            }
            let plan = FaultPlan(cluster, random: RandomSource(seed: random.next()), say: say)
            return (fault, plan)
        }
        if let log { cluster.onArrival = { log.note("\($0)") } }
        cluster.onSighting = { [checkers, unowned cluster] sighting in
            for checker in checkers { checker.note(sighting, in: cluster) }
        }
    }

    package func run() -> Outcome {
        do {
            try cluster.start(
                shards: scenario.shards, workers: scenario.workers, serving: scenario.serving)
        } catch {
            return outcome(["the cluster did not start: \(error)"])
        }
        stream.start()
        if scenario.serving > 0 { traffic.start() }
        for (fault, plan) in plans { fault.plan(plan) }
        _ = run(for: Self.faultsMax) { self.plans.allSatisfy { $0.plan.pending == 0 } }
        let healed = cluster.time.now
        log?.note(healed, "healed")
        _ = run(for: ProgressChecker.bound) {
            self.stream.hasCompleted(since: healed) && self.isQuiet
                && self.traffic.isWell(since: healed)
        }
        let violations = checkers.flatMap(\.violations)
        guard violations.isEmpty else { return outcome(violations) }
        let progress = ProgressChecker(healed: healed)
        progress.judge(stream, traffic, in: cluster)
        return outcome(progress.violations)
    }

    /// Runs until `isDone`, looking at the processes after each event, or until something is wrong.
    private func run(for duration: Duration, until isDone: () -> Bool) -> Bool {
        cluster.run(for: duration) {
            for checker in checkers { checker.look(at: cluster) }
            return isDone() || checkers.contains { !$0.violations.isEmpty }
        }
    }

    /// Whether every job has ended.
    private var isQuiet: Bool {
        cluster.coordinator?.shell.instance.jobs.allSatisfy(\.record.state.hasEnded) ?? false
    }

    private func outcome(_ found: [String]) -> Outcome {
        var violations = found
        for (fault, plan) in plans where plan.fired == 0 && violations.isEmpty {
            violations.append("the fault \"\(fault.name)\" did not take effect")
        }
        if scenario.answersAlone, serving.answersAlone == 0, violations.isEmpty {
            violations.append("serving was never alone: no answer shows anything")
        }
        let events = cluster.time.eventCount
        if events < scenario.eventCountMin, violations.isEmpty {
            violations.append(
                "there were \(events) events, at least \(scenario.eventCountMin) are expected")
        }
        return Outcome(
            violations: violations, events: events, jobs: stream.jobs.count,
            faults: plans.map { ($0.fault.name, $0.plan.fired) })
    }
}
