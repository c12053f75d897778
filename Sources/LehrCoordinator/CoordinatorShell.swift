package import LehrCluster
package import LehrCore
package import LehrMembership
package import LehrPlacement
package import LehrRPC
import LehrWire
package import Logging

/// The coordinator's I/O: it makes decisions durable, then tells those who wait or watch.
///
/// Lives on one core. A decision that cannot be made durable stops the coordinator (`onFatal`): it
/// must not promise what it may forget, and a restart finds the last state that was.
package final class CoordinatorShell {
    /// What a worker gets that waited for a task.
    package typealias TaskAnswer = (Result<TaskLease?, CoordinatorRefusal>) -> Void

    package private(set) var instance: CoordinatorInstance
    package let core: any Core
    /// Called when state cannot be written; the process must end.
    package var onFatal: ((StateStoreError) -> Void)?
    /// Called after each change that a reader of the state may want to see.
    package var onChange: ((CoordinatorInstance) -> Void)?
    private let store: any StateStore
    private let logger: Logger
    /// Milliseconds since 1970, for people.
    private let wallClock: () -> UInt64
    private var expiry: TimerID?
    private var hasFailed = false
    /// Jobs whose end is in the log.
    private var saidEnded: Set<JobID>
    private let mapWatchers = WatcherList<ClusterMap>()
    private var jobWatchers: [JobID: WatcherList<JobStatus>] = [:]
    private var waiting: [Waiting] = []

    private struct Waiting {
        let number: UInt64
        let worker: MemberIncarnation
        let answer: TaskAnswer
        let timer: TimerID
    }
    private var nextWaiting: UInt64 = 0

    /// Workers that may wait for a task at once, and watchers of one thing.
    static let waitingMax = 50_000

    /// Restores the coordinator from `store`, or creates a cluster in it.
    package init(
        core: any Core, store: any StateStore, terms: LeaseTerms, placer: any Placer,
        random: inout RandomSource, wallClock: @escaping () -> UInt64, logger: Logger,
        guards: Guards = .all
    ) throws(StateStoreError) {
        self.core = core
        self.store = store
        self.logger = logger
        self.wallClock = wallClock
        let state = try store.load()
        if let restored = CoordinatorInstance.restore(
            state, terms: terms, placer: placer, now: core.now, guards: guards)
        {
            instance = restored
            if state.cluster != restored.cluster { try store.save([.cluster(restored.cluster)]) }
        } else {
            instance = CoordinatorInstance(
                id: ClusterID(random.next() | 1), terms: terms, placer: placer, guards: guards)
            try store.save([.cluster(instance.cluster)])
        }
        saidEnded = Set(instance.jobs.filter { $0.record.state.hasEnded }.map(\.id))
        scheduleExpiry()
    }

    package var unixMilliseconds: UInt64 { wallClock() }

    // MARK: - Decisions

    /// Lets `decide` change the instance, then carries out what follows from it; `stopping` when
    /// that could not be made durable, so that nobody builds on it.
    package func decide<Outcome>(
        _ decide: (inout CoordinatorInstance) throws(CoordinatorRefusal) -> (
            Outcome, [Directive]
        )
    ) throws(CoordinatorRefusal) -> Outcome {
        try insistOnDurability()
        forgiveOwnAbsence()
        let (outcome, directives) = try decide(&instance)
        carryOut(directives)
        try insistOnDurability()
        return outcome
    }

    /// Throws `stopping` once `instance` may have decisions that a restart does not find: nobody is to
    /// hear of them while this process comes to its end.
    package func insistOnDurability() throws(CoordinatorRefusal) {
        guard !hasFailed else { throw .stopping }
    }

    /// Renews a lease: the one decision that is not durable.
    package func keepAlive(_ incarnation: MemberIncarnation) throws(CoordinatorRefusal) {
        try insistOnDurability()
        forgiveOwnAbsence()
        // The timer stays where it is: it finds nothing to end then, and looks again.
        try instance.keepAlive(incarnation, now: core.now)
    }

    private func carryOut(_ directives: [Directive]) {
        guard !directives.isEmpty, !hasFailed else { return }
        let records = directives.compactMap { directive in
            if case .save(let record) = directive { record } else { nil }
        }
        do throws(StateStoreError) {
            try store.save(records)
        } catch {
            if instance.guards.contains(.savedBeforeSaid) {
                hasFailed = true
                logger.critical("cannot write the state", metadata: ["reason": "\(error)"])
                onFatal?(error)
                return
            }
        }
        if directives.contains(.publishMap) { mapWatchers.publish(instance.map) }
        for directive in directives {
            if case .publishJob(let job) = directive { publish(job) }
        }
        if directives.contains(.offerTasks) { core.post { [weak self] in self?.offerTasks() } }
        scheduleExpiry()
        onChange?(instance)
    }

    /// Before anything that depends on who is alive: whatever a process that woke up reads first.
    private func forgiveOwnAbsence() {
        guard let absence = instance.forgiveOwnAbsence(now: core.now) else { return }
        logger.warning(
            "this process has hung: no lease ends for that, each is renewed",
            metadata: ["seconds": "\(absence.inSeconds)"])
    }

    /// The one timer that ends leases; it sleeps until the first of them is due.
    private func scheduleExpiry() {
        expiry.map { core.cancel($0) }
        expiry = nil
        guard let next = instance.leases.nextExpiry else { return }
        expiry = core.schedule(after: max(next - core.now, .zero)) { [weak self] in
            guard let self else { return }
            expiry = nil
            forgiveOwnAbsence()
            let before = instance.leases.members
            let directives = instance.expire(now: core.now, unixMilliseconds: unixMilliseconds)
            let live = Set(instance.leases.members.map(\.incarnation))
            for member in before where !live.contains(member.incarnation) {
                logger.warning(
                    "a lease has ended",
                    metadata: ["member": "\(member.name)", "role": "\(member.role)"])
            }
            carryOut(directives)
            scheduleExpiry()
        }
    }

    // MARK: - Watchers

    package func watchMap(_ watcher: any Watcher<ClusterMap>) -> Bool {
        mapWatchers.add(watcher, first: instance.map)
    }

    package func watchJob(_ job: JobID, _ watcher: any Watcher<JobStatus>) -> Bool {
        guard let ledger = instance.jobs.last(where: { $0.id == job }) else { return false }
        let list = jobWatchers[job] ?? WatcherList()
        jobWatchers[job] = list
        let status = ledger.status(nowUnixMilliseconds: unixMilliseconds)
        guard list.add(watcher, first: status) else { return false }
        if status.state.hasEnded { endWatchers(of: job) }
        return true
    }

    private func publish(_ job: JobID) {
        guard let ledger = instance.jobs.last(where: { $0.id == job }) else { return }
        if ledger.record.state.hasEnded, saidEnded.insert(job).inserted { logEnd(of: ledger) }
        guard let list = jobWatchers[job] else { return }
        list.publish(ledger.status(nowUnixMilliseconds: unixMilliseconds))
        if ledger.record.state.hasEnded { endWatchers(of: job) }
    }

    private func endWatchers(of job: JobID) { jobWatchers.removeValue(forKey: job)?.finish() }

    private func logEnd(of ledger: JobLedger) {
        logger.info(
            "a job has ended",
            metadata: [
                "job": "\(ledger.id.value)", "state": "\(ledger.record.state)",
                "message": "\(ledger.record.message)",
            ])
    }

    // MARK: - Tasks

    /// Answers with a task now, or when one appears, or with none after `wait`.
    ///
    /// - Returns: a number for `stopWaiting`, or nil when it has been answered.
    package func acquireTask(
        _ worker: MemberIncarnation, wait: Duration, _ answer: @escaping TaskAnswer
    ) -> UInt64? {
        do throws(CoordinatorRefusal) {
            if let task = try take(worker) {
                answer(.success(task))
                return nil
            }
        } catch {
            answer(.failure(error))
            return nil
        }
        guard wait > .zero, waiting.count < Self.waitingMax else {
            answer(.success(nil))
            return nil
        }
        nextWaiting += 1
        let number = nextWaiting
        let timer = core.schedule(after: wait) { [weak self] in
            self?.stopWaiting(number)
            answer(.success(nil))
        }
        waiting.append(Waiting(number: number, worker: worker, answer: answer, timer: timer))
        return number
    }

    /// The worker has gone, or has been answered.
    package func stopWaiting(_ number: UInt64) {
        guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
        core.cancel(waiting.remove(at: index).timer)
    }

    /// Sends the workers that wait for a task away without one, so that no call lasts because of it.
    package func stopWaiting() {
        let workers = waiting
        waiting = []
        for worker in workers {
            core.cancel(worker.timer)
            worker.answer(.success(nil))
        }
    }

    private func take(_ worker: MemberIncarnation) throws(CoordinatorRefusal) -> TaskLease? {
        try decide { instance throws(CoordinatorRefusal) in
            let (task, directives) = try instance.acquireTask(worker)
            return (task, directives)
        }
    }

    private func offerTasks() {
        for worker in waiting {
            do throws(CoordinatorRefusal) {
                // None for one is none for all.
                guard let task = try take(worker.worker) else { return }
                stopWaiting(worker.number)
                worker.answer(.success(task))
            } catch {
                stopWaiting(worker.number)
                worker.answer(.failure(error))
            }
        }
    }
}
