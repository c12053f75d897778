import CLehrWire
import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import LehrWire
import Logging

/// A worker that does its tasks in simulated time: it settles a batch every few milliseconds and
/// reports as a real one does, but computes nothing.
final class ScriptedWorker {
    let core: VirtualCore
    private let agent: MembershipAgent
    private let channel: any Channel
    private let log: EventLog
    private let checker: LeaseChecker
    private let name: String
    private let batchesAPart: UInt64
    private var random: RandomSource
    private var current: TaskReport?

    private static let batchTime = Duration.milliseconds(20)

    init(
        name: String, transport: InMemoryTransport, core: VirtualCore, coordinator: String,
        batchesAPart: UInt64, random: RandomSource, log: EventLog, checker: LeaseChecker
    ) {
        self.name = name
        self.core = core
        self.log = log
        self.checker = checker
        self.batchesAPart = batchesAPart
        self.random = random
        channel = transport.channel(to: coordinator)
        agent = MembershipAgent(
            transport: transport, coordinator: coordinator,
            identity: .init(name: name, role: .worker, coreAddresses: [], httpAddress: ""),
            random: RandomSource(seed: self.random.next()),
            logger: Logger(label: "sim", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func start() {
        agent.onJoin = { [self] lease in
            checker.joined(lease.incarnation)
            log.note(core.now, "\(name) joined as \(lease.incarnation.value)")
            current = nil
            acquire()
        }
        agent.start()
    }

    private func acquire() {
        guard let incarnation = agent.lease?.incarnation else { return }
        channel.unary(CoordinatorMethods.acquireTask, CallOptions(timeout: .seconds(5))) {
            request, _ in
            request.incarnation = incarnation.value
            request.wait_ms = 2000
        } _: { [self] result in
            guard agent.lease?.incarnation == incarnation else { return }
            switch result {
            case .success(let answer):
                guard let task = TaskLease(wire: answer.pointee) else { return acquire() }
                checker.leased(task)
                log.note(
                    core.now,
                    "\(name) \(task.kind) part \(task.part) attempt \(task.attempt) "
                        + "from \(task.firstBatch)")
                var report = TaskReport(of: task)
                report.floor = task.firstBatch
                report.batches = task.kind == .train ? batchesAPart : 1
                report.placementVersion = 1
                current = report
                work()
            case .failure(let error) where error.code == .notFound: break
            case .failure: _ = core.schedule(after: .milliseconds(200)) { [self] in acquire() }
            }
        }
    }

    /// Settles a few batches, then reports.
    private func work() {
        guard var report = current else { return }
        let step = min(UInt64(1 + random.below(8)), report.batches - report.floor)
        let attempt = report.attempt
        _ = core.schedule(after: Self.batchTime * Int(step)) { [self] in
            guard current?.attempt == attempt, current?.part == report.part else { return }
            report.floor += step
            report.samples = report.floor * 100
            report.isDone = report.floor >= report.batches
            current = report
            send(report)
        }
    }

    private func send(_ report: TaskReport) {
        guard let incarnation = agent.lease?.incarnation else { return }
        channel.unary(CoordinatorMethods.reportTask, CallOptions(timeout: .seconds(1))) {
            request, arena in
            report.fill(&request, arena)
            request.incarnation = incarnation.value
        } _: { [self] result in
            guard agent.lease?.incarnation == incarnation, current == report else { return }
            switch result {
            case .success(let answer):
                if report.isDone || answer.pointee.proceed == 0 {
                    current = nil
                    acquire()
                } else {
                    work()
                }
            case .failure(let error) where error.code == .notFound: break
            case .failure: _ = core.schedule(after: .milliseconds(100)) { [self] in send(report) }
            }
        }
    }
}
