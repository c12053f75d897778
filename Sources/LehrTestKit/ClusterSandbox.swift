import CLehrWire
package import LehrCluster
package import LehrCoordinator
package import LehrCore
package import LehrMembership
package import LehrRPC
package import LehrWire

/// A whole cluster in one process: the real coordinator, shards and workers over a simulated network
/// and clock, with a state store that outlives the coordinator.
///
/// Nothing moves by itself: `run` lets time pass. Two sandboxes with equal options and equal calls
/// live through the same events.
package final class ClusterSandbox {
    package let time = VirtualTime()
    package let network: InMemoryNetwork
    package let options: SandboxOptions
    package let store = MemoryStateStore()
    package private(set) var coordinator: SandboxCoordinator?
    package private(set) var shards: [SandboxShard] = []
    /// Dead ones stay in the list.
    package private(set) var workers: [SandboxWorker] = []
    private let files: any FileSystem
    private let client: InMemoryTransport
    private let clientCore: VirtualCore
    private let links: SandboxLinks
    private var random: RandomSource
    private var triggers: [ArrivalTrigger] = []

    package static let coordinatorAddress = "coordinator:7100"

    package init(_ options: SandboxOptions = SandboxOptions(), files: any FileSystem) {
        self.options = options
        self.files = files
        random = RandomSource(seed: options.seed)
        let links = SandboxLinks(
            time: time, latencyMax: options.latencyMax, random: RandomSource(seed: random.next()))
        self.links = links
        network = InMemoryNetwork(on: time) { source, target, _ in links.delay(source, target) }
        clientCore = VirtualCore(on: time)
        client = InMemoryTransport(name: "client", core: clientCore, network: network)
        network.onArrival = { [weak self] arrival in
            for trigger in self?.triggers ?? [] { trigger.note(arrival) }
        }
    }

    /// A cluster of that size, up and joined.
    package convenience init(
        shards: Int, workers: Int, _ options: SandboxOptions = SandboxOptions(),
        files: any FileSystem
    ) throws {
        self.init(options, files: files)
        try startCoordinator()
        for _ in 0..<shards { try addShard() }
        for _ in 0..<workers { addWorker() }
        let isUp = run(for: .seconds(30)) {
            self.members(.shard).count == shards && self.members(.worker).count == workers
        }
        precondition(isUp, "an undisturbed cluster comes up")
    }

    /// Ends every process, then lets what they had planned come to nothing: planned work keeps its
    /// core alive, which keeps the time, which keeps the work.
    deinit {
        for core in workers.map(\.core) + shards.flatMap(\.cores) + [clientCore] { core.kill() }
        coordinator?.core.kill()
        while time.runNext() {}
    }

    // MARK: - Processes

    /// Starts the coordinator, or starts it again from what the store holds.
    package func startCoordinator() throws {
        let core = VirtualCore(on: time)
        try time.perform(on: core) {
            coordinator = try SandboxCoordinator(
                at: Self.coordinatorAddress, core: core, network: network, store: store,
                files: files, options: options, random: &random)
        }
    }

    package func killCoordinator() {
        coordinator?.core.kill()
        coordinator = nil
    }

    @discardableResult
    package func addShard() throws -> SandboxShard {
        let shard = try SandboxShard(
            "shard-\(shards.count)", network: network, coordinator: Self.coordinatorAddress,
            options: options, random: &random)
        shards.append(shard)
        return shard
    }

    /// A new worker; with the name of a dead one it is that one's next life.
    @discardableResult
    package func addWorker(name: String? = nil) -> SandboxWorker {
        let worker = SandboxWorker(
            name ?? "worker-\(workers.count)", network: network,
            coordinator: Self.coordinatorAddress, files: files, options: options, random: &random)
        workers.append(worker)
        return worker
    }

    package func members(_ role: Role) -> [Member] {
        coordinator?.shell.instance.leases.members.filter { $0.role == role } ?? []
    }

    // MARK: - Time and faults

    package func run(for duration: Duration) { time.run(for: duration) }

    /// Runs until `condition` holds; false if it does not within `duration`.
    package func run(for duration: Duration, until condition: () -> Bool) -> Bool {
        time.run(for: duration, until: condition)
    }

    /// For so long nothing that is sent to or by the process `name` arrives; then all of it does.
    /// To everybody else it looks as if the process had been stopped and continued.
    package func freeze(_ name: String, for duration: Duration) {
        links.hold(name, until: time.now + duration)
    }

    /// Does `action` just before the `count`-th message that matches arrives.
    @discardableResult
    package func atArrival(
        _ count: Int, where matches: @escaping (InMemoryNetwork.Arrival) -> Bool,
        _ action: @escaping () -> Void
    ) -> ArrivalTrigger {
        let trigger = ArrivalTrigger(count: count, where: matches, action)
        triggers.append(trigger)
        return trigger
    }

    // MARK: - Calls from outside

    /// One call of a client, with time running until it is answered.
    package func call<Q, P, Answer>(
        _ method: Method<Q, P>, at address: String = ClusterSandbox.coordinatorAddress,
        _ fill: (inout Q, WireArena) -> Void, _ read: @escaping (UnsafePointer<P>) -> Answer
    ) throws(RPCError) -> Answer {
        var outcome: Result<Answer, RPCError>?
        clientCore.perform {
            client.channel(to: address).unary(method, CallOptions(), fill) { result in
                outcome = result.map(read)
            }
        }
        _ = run(for: .seconds(20)) { outcome != nil }
        guard let outcome else { throw RPCError(.deadlineExceeded, "nobody answered") }
        return try outcome.get()
    }

    /// Submits a job file as `lehr job submit` does.
    package func submit(_ spec: String) throws(RPCError) -> JobID {
        try call(CoordinatorMethods.submitJob) { request, arena in
            request.spec = arena.string(spec)
        } _: {
            JobID($0.pointee.id)
        }
    }

    /// A job as the coordinator sees it; nil while that is away.
    package func status(of job: JobID) -> JobStatus? {
        coordinator?.shell.instance.jobs.first { $0.id == job }?
            .status(nowUnixMilliseconds: time.now.nanoseconds / 1_000_000)
    }

    /// Runs until the job has ended; nil if it has not within ten virtual minutes.
    package func runToEnd(of job: JobID) -> JobStatus? {
        let ended = run(for: .seconds(600)) { self.status(of: job)?.state.hasEnded ?? false }
        return ended ? status(of: job) : nil
    }
}

extension VirtualTime {
    /// `core.perform` with a result and errors.
    fileprivate func perform<Result>(
        on core: VirtualCore, _ body: () throws -> Result
    ) throws -> Result? {
        var outcome: Swift.Result<Result, any Error>?
        core.perform { outcome = Swift.Result { try body() } }
        return try outcome?.get()
    }
}
