import CLehrWire
import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrPlacement
import LehrRPC
import LehrTestKit
import LehrWire
import Logging
import Testing

/// Whatever bytes arrive, every call is answered with a message or a status, and the coordinator
/// stays as sound as it was.
@Suite struct CoordinatorFuzzTests {
    private final class Stream: ServerDuplex {
        var isWritable = true
        var onWritable: (() -> Void)?
        var onCancel: (() -> Void)?
        var onMessage: (([UInt8]) -> Void)?
        var onEnd: (() -> Void)?
        var metadata = ResponseMetadata()
        /// Told of each message, and of the end.
        var onAnswer: (Bool) -> Void = { _ in }
        func send(_ message: [UInt8]) { onAnswer(true) }
        func request(_ count: Int) {}
        func finish(_ error: RPCError?) {
            (onWritable, onCancel, onMessage, onEnd) = (nil, nil, nil, nil)
            if error != nil { onAnswer(false) }
        }
    }

    private let time = VirtualTime()
    private let core: VirtualCore
    private let store = MemoryStateStore()
    private let shell: CoordinatorShell
    private let services = ServiceTable()

    init() throws {
        core = VirtualCore(on: time)
        var random = RandomSource(seed: 1)
        shell = try CoordinatorShell(
            core: core, store: store, terms: PlanFixture.terms, placer: EvenSplitPlacer(),
            random: &random, wallClock: { 5 },
            logger: Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() }))
        CoordinatorHandler(shell) { text throws(CoordinatorRefusal) in
            guard text.utf8.count < 40 else { throw .invalid("too long") }
            return PlanFixture.plan(name: text, files: 2)
        }.register(in: services)
    }

    /// A valid request of every method, for a cluster of a shard, a worker and a job.
    private var valid: [(path: String, bytes: [UInt8])] {
        let cluster = shell.instance.cluster.id.value
        return [
            (
                CoordinatorMethods.join.path,
                Wire.JoinRequest.encode { request, arena in
                    request.name = arena.string("worker-1")
                    request.role = .init(rawValue: 2)
                    (request.n_core_addresses, request.core_addresses) = arena.strings(["a:1"])
                    request.cluster_id = cluster
                }
            ),
            (
                CoordinatorMethods.join.path,
                Wire.JoinRequest.encode { request, arena in
                    request.name = arena.string("shard-0")
                    request.role = .init(rawValue: 1)
                    (request.n_core_addresses, request.core_addresses) = arena.strings(["s:1"])
                }
            ),
            (
                CoordinatorMethods.keepAlive.path,
                Wire.KeepAliveRequest.encode { request, arena in
                    (request.n_incarnations, request.incarnations) = arena.numbers([2, 1])
                    request.sequence = 7
                }
            ),
            (
                CoordinatorMethods.leave.path,
                Wire.LeaveRequest.encode { request, _ in request.incarnation = 9 }
            ),
            (
                CoordinatorMethods.revokeLease.path,
                Wire.RevokeLeaseRequest.encode { request, arena in
                    request.name = arena.string("worker-1")
                }
            ),
            (CoordinatorMethods.listMembers.path, []), (CoordinatorMethods.getClusterMap.path, []),
            (CoordinatorMethods.watchClusterMap.path, []), (CoordinatorMethods.listJobs.path, []),
            (
                CoordinatorMethods.submitJob.path,
                Wire.SubmitJobRequest.encode { request, arena in
                    request.spec = arena.string("movies")
                }
            ),
        ]
            + [
                CoordinatorMethods.getJob.path, CoordinatorMethods.watchJob.path,
                CoordinatorMethods.stopJob.path,
            ].map { path in
                (
                    path,
                    Wire.GetJobRequest.encode { request, arena in
                        request.job = arena.string("1")
                    }
                )
            } + tasks
    }

    private var tasks: [(path: String, bytes: [UInt8])] {
        let live = shell.instance.leases.members.last { $0.role == .worker }
        let worker = live?.incarnation.value ?? 2
        let job = shell.instance.jobs.last { $0.record.state == .running }
        let part = job?.parts.first { !$0.isDone }
        var report = TaskReport(
            of: TaskLease(
                kind: .train, job: job?.id ?? JobID(1), generation: 1, part: part?.part ?? 0,
                epoch: 0, attempt: part?.attempt ?? 0, path: "", firstBatch: 0, partFloor: 0))
        (report.floor, report.batches, report.samples) = (2, 3, 200)
        (report.lossSum, report.lossSamples) = (1, 2)
        report.placement = shell.instance.placement(of: report.job)
        return [
            (
                CoordinatorMethods.acquireTask.path,
                Wire.AcquireTaskRequest.encode { request, _ in
                    (request.incarnation, request.wait_ms) = (worker, 50)
                }
            ),
            (
                CoordinatorMethods.reportTask.path,
                Wire.ReportTaskRequest.encode { request, arena in
                    report.fill(&request, arena)
                    request.incarnation = worker
                }
            ),
        ]
    }

    private static let context = CallContext(
        method: "", peer: "test", deadline: nil, metadata: Metadata())

    /// Calls a method; true when it was answered well. An answer may come later.
    private func call(_ path: String, _ bytes: [UInt8], _ answered: @escaping (Bool) -> Void) {
        core.perform {
            switch services.route(path)?.handler {
            case .unary(let body):
                body(
                    Self.context, bytes,
                    UnaryResponder { result, _ in
                        if case .success = result { answered(true) } else { answered(false) }
                    })
            case .serverStreaming(let body):
                body(Self.context, bytes, Stream())
                answered(true)
            case .bidirectional(let body):
                let stream = Stream()
                stream.onAnswer = answered
                body(Self.context, stream)
                stream.onMessage?(bytes)
                stream.onEnd?()
            case nil: Issue.record("\(path) is not served")
            }
        }
    }

    private func expectSound(_ seed: UInt64) throws {
        // What was decided becomes durable at the end of the core's turn.
        time.run(for: .zero)
        let restored = CoordinatorInstance.restore(
            try store.load(), terms: PlanFixture.terms, placer: EvenSplitPlacer(), now: time.now)
        #expect(restored?.map == shell.instance.map, "seed \(seed)")
        for job in shell.instance.jobs {
            let status = job.status(nowUnixMilliseconds: .max)
            #expect(status.loss.isFinite && status.metric.isFinite, "seed \(seed)")
        }
        var map = shell.instance.map
        let arena = WireArena()
        map = try ClusterMap(
            wire: try Wire.ClusterMap.decode(
                Wire.ClusterMap.encode { map.fill(&$0, $1) }, in: arena
            ).pointee)
        #expect(map == shell.instance.map, "seed \(seed): members understand the map")
        withExtendedLifetime(arena) {}
    }

    @Test func everyValidRequestIsAnswered() throws {
        for (path, bytes) in valid {
            var isOK: Bool?
            // The first ones make what the later ones are about.
            call(path, bytes) { isOK = $0 }
            time.run(for: .seconds(1))
            #expect(isOK != nil, "\(path)")
            if !path.hasSuffix("KeepAlive") && !path.hasSuffix("Task") {
                #expect(isOK == true, "\(path)")
            }
        }
        #expect(shell.instance.jobs.count == 1)
    }

    @Test func mutatedRequestsAreAnsweredAndHarmNothing() throws {
        for (path, bytes) in valid { call(path, bytes) { _ in } }
        var (asked, answered, fine) = (0, 0, 0)
        for seed in 1...12_000 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let requests = valid
            var (path, bytes) = requests[random.below(requests.count)]
            if random.below(3) == 0 { (path, bytes) = tasks[random.below(2)] }
            bytes.mutate(&random)
            asked += 1
            call(path, bytes) { isOK in
                answered += 1
                fine += isOK ? 1 : 0
            }
            if random.below(8) == 0 { time.run(for: .milliseconds(500)) }
            if seed % 500 == 0 { try expectSound(seed) }
        }
        // The longest wait for a task.
        time.run(for: .seconds(61))
        #expect(answered == asked)
        #expect(fine > 1000 && answered - fine > 1000)
    }
}
