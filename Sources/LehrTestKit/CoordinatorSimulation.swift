import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrPlacement
import LehrRPC
import LehrTable
import LehrWire
import Logging

/// The real coordinator over a simulated network and clock, with shards that only hold leases and
/// workers that only report: everything it decides, in a few virtual seconds, from one seed.
///
/// Workers are killed and started anew, and the coordinator itself is killed and comes back from its
/// store, at seeded moments. Two runs with one seed give the same event log, byte for byte, provided
/// that hashing is deterministic (`SWIFT_DETERMINISTIC_HASHING=1`).
package final class CoordinatorSimulation {
    package let log: EventLog
    private let time = VirtualTime()
    private let network: InMemoryNetwork
    private let store = MemoryStateStore()
    private let checker = LeaseChecker()
    private var random: RandomSource
    private var coordinator: (core: VirtualCore, shell: CoordinatorShell)?
    private var workers: [ScriptedWorker] = []
    private var agents: [MembershipAgent] = []
    /// The network does not keep its transports.
    private var transports: [InMemoryTransport] = []
    private var lives = 0
    private let batchesAPart: UInt64 = 40

    private static let address = "coordinator:7100"
    private static let workerCount = 3
    /// The faults that every run injects.
    package private(set) var workerKills = 0
    package private(set) var coordinatorKills = 0

    package init(seed: UInt64, log: EventLog) {
        self.log = log
        random = RandomSource(seed: seed)
        var latency = RandomSource(seed: random.next())
        network = InMemoryNetwork(on: time) { _, _, _ in
            .microseconds(Int64(40 + latency.below(2000)))
        }
        network.onArrival = { log.note("\($0)") }
    }

    /// What one run came to.
    package struct Outcome {
        package let violations: [String]
        package let events: Int
    }

    /// Runs until the job has ended, at most two virtual minutes.
    package func run() -> Outcome {
        startCoordinator()
        for index in 0..<2 { startShard(index) }
        for index in 0..<Self.workerCount { startWorker(index) }
        time.run(for: .seconds(1))
        submit()
        scheduleFaults()
        let ended = time.run(for: .seconds(120)) { [self] in
            coordinator?.shell.instance.jobs.last?.record.state.hasEnded ?? false
        }
        if !ended { log.note(time.now, "the job did not end in time") }
        checker.ended(coordinator?.shell.instance.jobs.last)
        var violations = checker.violations
        if workerKills == 0 || coordinatorKills == 0 { violations.append("a fault did not fire") }
        return Outcome(violations: violations, events: time.eventCount)
    }

    // MARK: - Processes

    private func startCoordinator() {
        let core = VirtualCore(on: time)
        core.perform {
            let transport = makeTransport("coordinator", core)
            do {
                let shell = try CoordinatorShell(
                    core: core, store: store,
                    terms: LeaseTerms(ttl: .seconds(2), heartbeat: .milliseconds(600)),
                    placer: EvenSplitPlacer(), random: &random,
                    wallClock: { [time] in time.now.nanoseconds / 1_000_000 }, logger: Self.silent)
                let services = ServiceTable()
                let handler = CoordinatorHandler(shell) { _ throws(CoordinatorRefusal) in
                    throw .invalid("jobs are submitted by the simulation itself")
                }
                handler.register(in: services)
                _ = try transport.listen(at: Self.address, services)
                coordinator = (core, shell)
            } catch {
                log.note(time.now, "the coordinator did not start: \(error)")
            }
        }
    }

    private func makeTransport(_ name: String, _ core: VirtualCore) -> InMemoryTransport {
        let transport = InMemoryTransport(name: name, core: core, network: network)
        transports.append(transport)
        return transport
    }

    private func startShard(_ index: Int) {
        let core = VirtualCore(on: time)
        core.perform {
            let name = "shard-\(index)"
            let transport = makeTransport(name, core)
            let agent = MembershipAgent(
                transport: transport, coordinator: Self.address,
                identity: .init(
                    name: name, role: .shard, coreAddresses: ["\(name):7200", "\(name):7201"],
                    httpAddress: ""),
                random: RandomSource(seed: random.next()), logger: Self.silent)
            agent.onMap = { [log, time] in log.note(time.now, "\(name) map \($0.version)") }
            agents.append(agent)
            agent.start()
        }
    }

    private func startWorker(_ index: Int) {
        lives += 1
        let name = "worker-\(index)"
        let core = VirtualCore(on: time)
        core.perform {
            let transport = makeTransport("\(name).\(lives)", core)
            let worker = ScriptedWorker(
                name: name, transport: transport, core: core, coordinator: Self.address,
                batchesAPart: batchesAPart, random: RandomSource(seed: random.next()), log: log,
                checker: checker)
            if workers.indices.contains(index) {
                workers[index] = worker
            } else {
                workers.append(worker)
            }
            worker.start()
        }
    }

    private func submit() {
        let files = (0..<6).map { JobPlan.File(path: "train-\($0)", examples: batchesAPart * 100) }
        let table = TableSpec(
            name: "user", keys: .hashed, dimension: 8, initializer: .constant(0),
            optimizer: Optimizer(rule: .sgd, learningRate: 0.1), seed: 1)
        let plan = JobPlan(
            name: "simulated", spec: "", tables: [table], files: files, validation: "validation",
            evaluatedEpochs: [0, 1], epochs: 2, batchSize: 100, isSequential: false,
            partitionBits: 4)
        guard let (core, shell) = coordinator else { return }
        core.perform {
            do throws(CoordinatorRefusal) {
                try shell.decide { instance throws(CoordinatorRefusal) in
                    let (_, directives) = try instance.submit(
                        plan, unixMilliseconds: shell.unixMilliseconds)
                    return ((), directives)
                }
            } catch {
                log.note(time.now, "the job was refused: \(error)")
            }
        }
    }

    // MARK: - Faults

    /// Two workers and the coordinator die and come back, at seeded moments while the job runs.
    private func scheduleFaults() {
        for _ in 0..<2 {
            let victim = random.below(Self.workerCount)
            let moment = time.now + .milliseconds(Int64(200 + random.below(2000)))
            time.schedule(at: moment) { [self] in
                log.note(time.now, "kill worker-\(victim)")
                workerKills += 1
                workers[victim].core.kill()
                time.schedule(at: time.now + .milliseconds(Int64(100 + random.below(3000)))) {
                    [self] in startWorker(victim)
                }
            }
        }
        time.schedule(at: time.now + .milliseconds(Int64(500 + random.below(2000)))) { [self] in
            log.note(time.now, "kill coordinator")
            coordinatorKills += 1
            coordinator?.core.kill()
            time.schedule(at: time.now + .milliseconds(Int64(50 + random.below(600)))) { [self] in
                startCoordinator()
            }
        }
    }

    private static let silent = Logger(label: "sim", factory: { _ in SwiftLogNoOpLogHandler() })
}
