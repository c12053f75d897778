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

    /// Says something that follows from the decisions so far; with a refusal: none of it holds.
    package typealias Saying = (CoordinatorRefusal?) -> Void

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
    /// Of decisions that are not durable yet, in order, and what is to be said once they are.
    private var pending: [Directive] = []
    private var unsaid: [Saying] = []
    private var publisher: MapPublisher?
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
        publisher = MapPublisher(core: core, version: instance.cluster.mapVersion) {
            [unowned self] version in
            instance.cluster.mapVersion == version ? instance.map : nil
        }
        scheduleExpiry()
    }

    package var unixMilliseconds: UInt64 { wallClock() }

    // MARK: - Decisions

    /// Lets `decide` change the instance, and has what follows from it carried out when the current
    /// turn of the core has ended: decisions of one turn become durable together. Until then nobody
    /// is to hear of them (`whenDurable`).
    package func decide<Outcome>(
        _ decide: (inout CoordinatorInstance) throws(CoordinatorRefusal) -> (
            Outcome, [Directive]
        )
    ) throws(CoordinatorRefusal) -> Outcome {
        try insistOnDurability()
        forgiveOwnAbsence()
        let (outcome, directives) = try decide(&instance)
        carryOut(directives)
        return outcome
    }

    /// Runs `say` once the decisions so far are durable, at once if they are; with `stopping` when
    /// they cannot become so.
    package func whenDurable(_ say: @escaping Saying) {
        if hasFailed { return say(.stopping) }
        if pending.isEmpty { say(nil) } else { unsaid.append(say) }
    }

    /// Throws `stopping` once `instance` may have decisions that a restart does not find: nobody is to
    /// hear of them while this process comes to its end.
    package func insistOnDurability() throws(CoordinatorRefusal) {
        guard !hasFailed else { throw .stopping }
    }

    /// Renews leases: the one decision that is not durable.
    ///
    /// - Returns: those that have ended.
    package func keepAlive(
        _ lives: [MemberIncarnation]
    ) throws(CoordinatorRefusal) -> [MemberIncarnation] {
        try insistOnDurability()
        forgiveOwnAbsence()
        let now = core.now
        // The timer stays where it is: it finds nothing to end then, and looks again.
        return lives.filter { life in
            do throws(CoordinatorRefusal) {
                try instance.keepAlive(life, now: now)
                return false
            } catch {
                return true
            }
        }
    }

    /// Ends a member's lease as an operator wants it; see `CoordinatorInstance.revoke`.
    package func revoke(
        _ name: String, _ incarnation: MemberIncarnation?
    ) throws(CoordinatorRefusal) -> (member: Member, silentIn: Duration) {
        let outcome = try decide { instance throws(CoordinatorRefusal) in
            let (outcome, directives) = try instance.revoke(
                name, incarnation, now: core.now, unixMilliseconds: unixMilliseconds)
            return (outcome, directives)
        }
        logger.warning(
            "an operator has revoked a lease",
            metadata: [
                "member": "\(outcome.member.name)", "role": "\(outcome.member.role)",
                "incarnation": "\(outcome.member.incarnation.value)",
            ])
        return outcome
    }

    /// Notes what a destination says of a move; see `CoordinatorInstance.report`.
    package func report(
        _ report: MoveReport, from member: MemberIncarnation
    ) throws(CoordinatorRefusal) -> PartitionIncarnation? {
        let (owned, isNews) = try decide { instance throws(CoordinatorRefusal) in
            let (owned, directives) = try instance.report(
                report, from: member, unixMilliseconds: unixMilliseconds)
            return ((owned, !directives.isEmpty), directives)
        }
        if isNews, case .failed(let reason) = report.state {
            logger.warning(
                "a move is given up, and so is the drain that it was part of, if any",
                metadata: [
                    "table": "\(report.partition.table.value)",
                    "partition": "\(report.partition.index)", "move": "\(report.move)",
                    "reason": "\(reason)",
                ])
        }
        return owned
    }

    private func carryOut(_ directives: [Directive]) {
        guard !directives.isEmpty, !hasFailed else { return }
        if pending.isEmpty { core.post { [weak self] in self?.commit() } }
        pending += directives
    }

    /// Makes what was decided since the last time durable, then says it.
    private func commit() {
        let (directives, sayings) = (pending, unsaid)
        (pending, unsaid) = ([], [])
        let records = directives.compactMap { directive in
            if case .save(let record) = directive { record } else { nil }
        }
        do throws(StateStoreError) {
            try store.save(records.latest)
        } catch {
            if instance.guards.contains(.savedBeforeSaid) {
                hasFailed = true
                logger.critical("cannot write the state", metadata: ["reason": "\(error)"])
                onFatal?(error)
                for say in sayings { say(.stopping) }
                return
            }
        }
        publish(directives, records)
        scheduleExpiry()
        onChange?(instance)
        for say in sayings { say(nil) }
    }

    private func publish(_ directives: [Directive], _ records: [StateRecord]) {
        if directives.contains(.publishMap) {
            publisher?.publish(records, version: instance.cluster.mapVersion)
        }
        var published: Set<JobID> = []
        for directive in directives {
            if case .publishJob(let job) = directive, published.insert(job).inserted {
                publish(job)
            }
        }
        if directives.contains(.offerTasks) { core.post { [weak self] in self?.offerTasks() } }
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
            if !directives.isEmpty { logEnded(before) }
            carryOut(directives)
            scheduleExpiry()
        }
    }

    /// Logs the leases that have ended of those that were there before.
    private func logEnded(_ before: [Member]) {
        let live = Set(instance.leases.members.map(\.incarnation))
        for member in before where !live.contains(member.incarnation) {
            logger.warning(
                "a lease has ended",
                metadata: ["member": "\(member.name)", "role": "\(member.role)"])
        }
    }

    // MARK: - Watchers

    /// Sends a watcher the map, or what has changed since the version that it knows, and whatever changes
    /// it; false when too many watch it. Comes when all is durable.
    package func watchMap(
        _ watcher: any Watcher<MapMessage>, takesChanges: Bool, known: UInt64 = 0
    ) -> Bool {
        publisher?.add(watcher, takesChanges: takesChanges, known: known) ?? false
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
                say(.success(task), to: answer)
                return nil
            }
        } catch {
            say(.failure(error), to: answer)
            return nil
        }
        guard wait > .zero, waiting.count < Self.waitingMax else {
            say(.success(nil), to: answer)
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
                say(.success(task), to: worker.answer)
            } catch {
                stopWaiting(worker.number)
                say(.failure(error), to: worker.answer)
            }
        }
    }

    private func say(
        _ result: Result<TaskLease?, CoordinatorRefusal>, to answer: @escaping TaskAnswer
    ) {
        whenDurable { refusal in answer(refusal.map { .failure($0) } ?? result) }
    }
}

extension [StateRecord] {
    /// Without those that a later one takes the place of; the others stay in order.
    fileprivate var latest: [StateRecord] {
        guard count > 1 else { return self }
        var seen: Set<StateRecord.Key> = []
        return reversed().filter { seen.insert($0.key).inserted }.reversed()
    }
}
