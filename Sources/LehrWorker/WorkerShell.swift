import CLehrWire
package import LehrCluster
package import LehrCore
import LehrMembership
package import LehrRPC
import LehrWire
package import Logging

/// The life of a worker on one core: ask for a task, do it, say how far it is, ask again.
package final class WorkerShell {
    private let core: any Core
    private let channel: any Channel
    private let agent: MembershipAgent
    private let files: any FileSystem
    private let environment: TaskEnvironment
    private let logger: Logger
    private var backoff: Backoff
    private var jobs: [JobContext] = []
    private var task: (lease: TaskLease, work: any WorkerTask)?
    private var reportTimer: TimerID?
    private var call: (any Call)?
    private var isStopped = false
    private var incarnation: MemberIncarnation?
    package private(set) var tasksDone: UInt64 = 0

    /// Contexts (item catalogues, graphs) of the jobs worked on last.
    private static let jobCountMax = 4
    private static let reportInterval = Duration.milliseconds(500)
    private static let acquireWait = Duration.seconds(10)

    package init(
        transport: any Transport, coordinator: String, agent: MembershipAgent,
        files: any FileSystem, blockCacheBytes: Int, random: inout RandomSource, logger: Logger
    ) {
        core = transport.core
        channel = transport.channel(to: coordinator)
        self.agent = agent
        self.files = files
        self.logger = logger
        backoff = Backoff(random: RandomSource(seed: random.next()))
        let client = TableClient(
            transport: transport, random: RandomSource(seed: random.next())
        ) { [weak agent] in agent?.map }
        environment = TaskEnvironment(
            core: transport.core, client: client,
            blocks: BlockSource(
                core: transport.core, files: files, byteLimit: blockCacheBytes),
            map: { [weak agent] in agent?.map })
    }

    /// Bytes of keys and rows that came and went.
    package var bytes: (pulled: UInt64, pushed: UInt64) {
        (environment.client.bytesPulled, environment.client.bytesPushed)
    }

    /// Call once the agent has joined, and after each time it joins anew.
    package func joined() {
        guard !isStopped, let lease = agent.lease else { return }
        incarnation = lease.incarnation
        dropTask()
        call?.cancel()
        acquire()
    }

    /// Drops what it is doing; the part goes on elsewhere from where it was reported to be.
    package func stop() {
        isStopped = true
        call?.cancel()
        call = nil
        dropTask()
    }

    // MARK: - Asking

    private func acquire() {
        guard !isStopped, task == nil, let incarnation = agent.lease?.incarnation else { return }
        let options = CallOptions(timeout: Self.acquireWait + .seconds(5))
        call = channel.unary(CoordinatorMethods.acquireTask, options) { request, _ in
            request.incarnation = incarnation.value
            request.wait_ms = UInt32(Self.acquireWait.milliseconds)
        } _: { [self] result in
            guard !isStopped, self.incarnation == incarnation else { return }
            switch result {
            case .success(let answer):
                backoff.reset()
                guard let lease = TaskLease(wire: answer.pointee) else { return acquire() }
                prepare(lease)
            case .failure(let error) where error.code == .notFound:
                // The agent learns of it at its next heartbeat, joins anew and calls `joined`.
                break
            case .failure: acquireLater()
            }
        }
    }

    private func acquireLater() {
        let incarnation = self.incarnation
        _ = core.schedule(after: backoff.next()) { [self] in
            if self.incarnation == incarnation { acquire() }
        }
    }

    // MARK: - Doing

    private func prepare(_ lease: TaskLease) {
        if let job = jobs.first(where: { $0.id == lease.job }) { return begin(lease, job) }
        let incarnation = self.incarnation
        call = channel.unary(CoordinatorMethods.getJob) { request, arena in
            request.job = arena.string("\(lease.job.value)")
        } _: { [self] result in
            guard !isStopped, self.incarnation == incarnation else { return }
            switch result {
            case .success(let answer):
                do {
                    let status = try JobStatus(wire: answer.pointee)
                    let job = try JobContext(status: status, files: files)
                    jobs.append(job)
                    if jobs.count > Self.jobCountMax { jobs.removeFirst() }
                    begin(lease, job)
                } catch {
                    var report = TaskReport(of: lease)
                    report.failure = "\(error)"
                    send(report) { [self] _ in acquire() }
                }
            case .failure: acquireLater()
            }
        }
    }

    private func begin(_ lease: TaskLease, _ job: JobContext) {
        logger.debug(
            "a task begins",
            metadata: [
                "job": "\(lease.job.value)", "kind": "\(lease.kind)", "part": "\(lease.part)",
                "attempt": "\(lease.attempt)", "first.batch": "\(lease.firstBatch)",
            ])
        let work: any WorkerTask =
            switch lease.kind {
            case .train: TrainingTask(lease, job: job, environment: environment)
            case .evaluate: EvaluationTask(lease, job: job, environment: environment)
            }
        task = (lease, work)
        work.onEnd = { [self] in ended(work) }
        work.start()
        reportLater()
    }

    private func dropTask() {
        reportTimer.map { core.cancel($0) }
        reportTimer = nil
        task?.work.onEnd = nil
        task?.work.cancel()
        task = nil
    }

    // MARK: - Saying

    private func reportLater() {
        reportTimer.map { core.cancel($0) }
        reportTimer = core.schedule(after: Self.reportInterval) { [self] in
            reportTimer = nil
            guard let (lease, work) = task else { return }
            guard !work.isOutdated else {
                logger.info(
                    "a task begins anew, its tables have other owners",
                    metadata: ["job": "\(lease.job.value)", "part": "\(lease.part)"])
                dropTask()
                return acquire()
            }
            send(work.report) { [self] proceed in
                guard task?.lease == lease, task?.work === work else { return }
                if proceed == false {
                    logger.info(
                        "a task is dropped, it is no longer ours",
                        metadata: ["job": "\(lease.job.value)", "part": "\(lease.part)"])
                    dropTask()
                    acquire()
                } else {
                    reportLater()
                }
            }
        }
    }

    /// The last report of a task is repeated until the coordinator has it.
    private func ended(_ work: any WorkerTask) {
        guard let (lease, current) = task, current === work else { return }
        reportTimer.map { core.cancel($0) }
        reportTimer = nil
        if !work.report.failure.isEmpty {
            logger.error(
                "a task failed",
                metadata: [
                    "job": "\(lease.job.value)", "part": "\(lease.part)",
                    "reason": "\(work.report.failure)",
                ])
        }
        send(work.report) { [self] proceed in
            guard task?.lease == lease, task?.work === work else { return }
            if proceed == nil {
                _ = core.schedule(after: backoff.next()) { [self] in ended(work) }
                return
            }
            dropTask()
            guard work.report.isDone || !work.report.failure.isEmpty else { return acquireLater() }
            backoff.reset()
            tasksDone += 1
            acquire()
        }
    }

    /// `completion` gets whether to go on; nil: the coordinator did not answer.
    private func send(_ report: TaskReport, _ completion: @escaping (Bool?) -> Void) {
        guard let incarnation else { return completion(false) }
        channel.unary(CoordinatorMethods.reportTask) { request, arena in
            report.fill(&request, arena)
            request.incarnation = incarnation.value
        } _: { [self] result in
            guard !isStopped, self.incarnation == incarnation else { return }
            switch result {
            case .success(let answer): completion(answer.pointee.proceed != 0)
            case .failure(let error) where error.code == .notFound: completion(false)
            case .failure: completion(nil)
            }
        }
    }
}
