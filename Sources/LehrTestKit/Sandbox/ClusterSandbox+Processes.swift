import LehrCluster
import LehrCoordinator
import LehrCore
package import LehrMembership
import LehrRPC

extension ClusterSandbox {
    /// Starts a cluster of that size, and waits until all have joined.
    package func start(shards: Int, workers: Int, serving: Int = 0) throws {
        try startCoordinator()
        for _ in 0..<shards { try addShard() }
        for _ in 0..<workers { addWorker() }
        for _ in 0..<serving { addServing() }
        let isUp = run(for: .seconds(30)) {
            self.members(.shard).count == shards && self.members(.worker).count == workers
                && self.members(.serving).count == serving
        }
        precondition(isUp, "an undisturbed cluster comes up")
    }

    /// Starts the coordinator, or starts it again from what the disk holds.
    package func startCoordinator() throws {
        let core = VirtualCore(on: time, clock: options.clock(&random))
        disk.onEnd = { [weak core] in core?.kill() }
        disk.onSlow = { [weak self] duration in self?.stall("coordinator", for: duration) }
        var options = options
        if coordinatorStarts > 0, let ttl = options.laterTTL { options.terms.ttl = ttl }
        coordinatorStarts += 1
        let witness = CoordinatorWitness { [weak self] in self?.tell($0) }
        let vfs = SimulatedVFS(
            disk, isAlive: { [weak core] in core?.isAlive ?? false },
            clock: { [weak core] in core?.now ?? Instant(nanoseconds: 0) })
        do {
            try time.perform(on: core) {
                let store = try SimulatedStateStore(
                    vfs, path: Self.statePath, settings: options.store)
                coordinator = try SandboxCoordinator(
                    at: Self.coordinatorAddress, core: core, network: network, store: store,
                    files: files, options: options, random: &random, witness: witness)
            }
        } catch {
            // Unless the disk was full, or the process has ended before it was up.
            if core.isAlive, disk.room == nil { tell(.unrestorable("\(error)")) }
            throw error
        }
        coordinator?.shell.onFatal = { [weak self, weak core] _ in
            guard let self, let coordinator, coordinator.core === core else { return }
            // The disk may have it all the same, or not.
            tell(.decided(coordinator.shell.instance, isHeard: false))
            // A process that can promise nothing any more ends, but not at once.
            time.schedule(at: time.now + Self.agony) { [weak core] in core?.kill() }
        }
    }

    package func killCoordinator() {
        coordinator?.core.kill()
        coordinator = nil
    }

    /// A new shard; with the name of a dead one it is that one's next life.
    @discardableResult
    package func addShard(name: String? = nil) throws -> SandboxShard {
        let shard = try SandboxShard(
            name ?? "shard-\(shards.count)", network: network,
            coordinator: Self.coordinatorAddress, options: options, random: &random,
            witness: ShardWitness { [weak self] in self?.tell($0) })
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

    /// A new serving process; with the name of a dead one it is that one's next life.
    @discardableResult
    package func addServing(name: String? = nil) -> SandboxServing {
        let process = SandboxServing(
            name ?? "serving-\(serving.count)", network: network,
            coordinator: Self.coordinatorAddress, files: files, options: options, random: &random)
        serving.append(process)
        return process
    }

    package func members(_ role: Role) -> [Member] {
        coordinator?.shell.instance.leases.members.filter { $0.role == role } ?? []
    }

    // MARK: - By name

    /// The cores of a process's present life; none: it is dead.
    func cores(of name: String) -> [VirtualCore] {
        let cores: [VirtualCore] =
            if name == "coordinator" {
                [coordinator?.core].compactMap { $0 }
            } else if let shard = shards.last(where: { $0.name == name }) {
                shard.cores
            } else if let worker = workers.last(where: { $0.name == name }) {
                [worker.core]
            } else if let process = serving.last(where: { $0.name == name }) {
                [process.core]
            } else {
                []
            }
        return cores.allSatisfy(\.isAlive) ? cores : []
    }

    package func isAlive(_ name: String) -> Bool { !cores(of: name).isEmpty }

    /// As `kill -9`.
    package func kill(_ name: String) {
        for core in cores(of: name) { core.kill() }
        if name == "coordinator" { coordinator = nil }
    }

    /// Tells a shard to stop, as SIGTERM does; it is there until it is killed.
    package func stopShard(_ name: String) { shards.last { $0.name == name }?.stop() }

    /// Starts a dead process again.
    package func restart(_ name: String) throws {
        guard !isAlive(name) else { return }
        if name == "coordinator" {
            try startCoordinator()
        } else if name.hasPrefix("shard") {
            try addShard(name: name)
        } else if name.hasPrefix("serving") {
            addServing(name: name)
        } else {
            addWorker(name: name)
        }
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
