import LehrCluster
import LehrCore
import LehrMembership
import LehrPlacement
import LehrRPC
import LehrWire
import Logging
import Testing

@testable import LehrCoordinator

@Suite struct CoordinatorShellTests {
    /// A store that can be told to fail.
    private final class FragileStore: StateStore {
        let memory = MemoryStateStore()
        var isBroken = false
        var saves: [[StateRecord]] = []

        func load() throws(StateStoreError) -> DurableState { try memory.load() }

        func save(_ records: [StateRecord]) throws(StateStoreError) {
            guard !isBroken else { throw StateStoreError("the disk is full") }
            try memory.save(records)
            saves.append(records)
        }
    }

    /// Takes values while it is ready.
    private final class Reader<Value>: Watcher {
        var isReady = true
        var values: [Value] = []
        var isFinished = false
        var onReady: (() -> Void)?
        var onGone: (() -> Void)?

        func take(_ value: Value) -> Bool {
            guard isReady else { return false }
            values.append(value)
            return true
        }

        func finish(_ last: Value?) {
            if let last { values.append(last) }
            isFinished = true
        }
    }

    private final class Scene {
        let time = VirtualTime()
        let core: VirtualCore
        let store = FragileStore()
        let shell: CoordinatorShell
        var answers: [String] = []

        init() throws {
            core = VirtualCore(on: time)
            var random = RandomSource(seed: 1)
            shell = try CoordinatorShell(
                core: core, store: store, terms: PlanFixture.terms, placer: EvenSplitPlacer(),
                random: &random, wallClock: { 5 },
                logger: Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() }))
        }

        deinit { time.forgetAll() }

        /// Decides, and waits until that is durable.
        func decide<Outcome>(
            _ body: (inout CoordinatorInstance) throws(CoordinatorRefusal) -> (Outcome, [Directive])
        ) throws(CoordinatorRefusal) -> Outcome {
            let outcome = try shell.decide(body)
            var refusal: CoordinatorRefusal?
            var isSaid = false
            shell.whenDurable { (refusal, isSaid) = ($0, true) }
            while !isSaid, time.runNext(until: time.now) {}
            if let refusal { throw refusal }
            return outcome
        }

        func join(_ name: String, _ role: Role) throws(CoordinatorRefusal) -> MemberIncarnation {
            try decide { instance throws(CoordinatorRefusal) in
                let (member, directives) = try instance.join(
                    PlanFixture.join(name, role), now: time.now, unixMilliseconds: 0)
                return (member.incarnation, directives)
            }
        }

        func submit(files: Int = 1) throws(CoordinatorRefusal) -> JobID {
            try decide { instance throws(CoordinatorRefusal) in
                let (job, directives) = try instance.submit(
                    PlanFixture.plan(files: files, epochs: 1, isSequential: true),
                    unixMilliseconds: 0)
                return (job, directives)
            }
        }

        /// Waits for a task; the answer is noted.
        @discardableResult
        func wait(_ worker: MemberIncarnation, _ wait: Duration = .seconds(5)) -> UInt64? {
            let number = shell.acquireTask(worker, wait: wait) { [weak self] result in
                switch result {
                case .success(let task):
                    self?.answers.append(
                        "\(worker.value): \(task.map { "part \($0.part)" } ?? "-")")
                case .failure(let refusal): self?.answers.append("\(worker.value): \(refusal)")
                }
            }
            // What was decided becomes durable.
            time.run(for: .zero)
            return number
        }
    }

    @Test func aTaskThatAppearsGoesToTheFirstWhoWaits() throws {
        let scene = try Scene()
        _ = try scene.join("s", .shard)
        let workers = [try scene.join("a", .worker), try scene.join("b", .worker)]
        for worker in workers { scene.wait(worker) }
        #expect(scene.answers.isEmpty)
        _ = try scene.submit()
        scene.time.run(for: .zero)
        #expect(scene.answers == ["2: part 0"])
        scene.time.run(for: .seconds(5))
        #expect(scene.answers == ["2: part 0", "3: -"])
    }

    @Test func aLostWorkersTaskGoesToOneWhoWaits() throws {
        let scene = try Scene()
        let shard = try scene.join("s", .shard)
        let workers = [try scene.join("a", .worker), try scene.join("b", .worker)]
        _ = try scene.submit()
        scene.wait(workers[0])
        scene.wait(workers[1], .seconds(60))
        #expect(scene.answers == ["2: part 0"])
        scene.time.run(for: .seconds(9))
        #expect(try scene.shell.keepAlive([shard, workers[1]]).isEmpty)
        scene.time.run(for: .milliseconds(999))
        #expect(scene.answers.count == 1)
        scene.time.run(for: .milliseconds(2))
        #expect(scene.answers == ["2: part 0", "3: part 0"])
    }

    @Test func aWorkerWhoseLeaseEndsWhileItWaitsIsToldSo() throws {
        let scene = try Scene()
        _ = try scene.join("s", .shard)
        let worker = try scene.join("a", .worker)
        scene.wait(worker, .seconds(60))
        scene.time.run(for: .seconds(11))
        _ = try scene.join("s", .shard)
        _ = try scene.submit()
        scene.time.run(for: .zero)
        #expect(scene.answers == ["2: no lease of incarnation 2; join again"])
        #expect(scene.wait(MemberIncarnation(99)) == nil)
        #expect(scene.answers.last == "99: no lease of incarnation 99; join again")
    }

    @Test func whoHasGoneIsAskedNothing() throws {
        let scene = try Scene()
        _ = try scene.join("s", .shard)
        let number = try #require(scene.wait(try scene.join("a", .worker)))
        scene.shell.stopWaiting(number)
        scene.shell.stopWaiting(number)
        let job = try scene.submit()
        scene.time.run(for: .seconds(9))
        #expect(scene.answers.isEmpty)
        #expect(scene.shell.instance.jobs.first { $0.id == job }?.holders.isEmpty == true)
        #expect(scene.wait(MemberIncarnation(2), .zero) == nil)
        #expect(scene.answers == ["2: part 0"])
    }

    /// A lease of a minute must not be forgotten once somebody has heard of it.
    @Test func aLongerTTLIsDurableBeforeALeaseIsGrantedUnderIt() throws {
        let scene = try Scene()
        func restart(_ ttl: Duration) throws -> CoordinatorShell {
            var random = RandomSource(seed: 1)
            return try CoordinatorShell(
                core: scene.core, store: scene.store, terms: LeaseTerms(ttl: ttl),
                placer: EvenSplitPlacer(), random: &random, wallClock: { 5 },
                logger: Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() }))
        }
        _ = try restart(.seconds(60))
        #expect(try scene.store.load().cluster?.grantedTTL == .seconds(60))
        _ = try restart(.seconds(10))
        #expect(try scene.store.load().cluster?.grantedTTL == .seconds(60))
        scene.store.isBroken = true
        #expect(throws: StateStoreError.self) { _ = try restart(.seconds(90)) }
    }

    /// SIGSTOP and SIGCONT: the timer that ends leases may be due before any renewal was read.
    @Test func aCoordinatorThatHungEndsNobodysLease() throws {
        let scene = try Scene()
        let members = [try scene.join("a", .worker), try scene.join("b", .shard)]
        scene.time.run(for: .seconds(1))
        scene.core.pause()
        scene.time.run(for: .seconds(60))
        scene.core.resume()
        scene.time.run(for: .seconds(9))
        #expect(scene.shell.instance.leases.members.map(\.incarnation) == members)
        #expect(try scene.shell.keepAlive([members[0]]).isEmpty)
        // Whoever does not come back ends as ever.
        scene.time.run(for: .milliseconds(1001))
        #expect(scene.shell.instance.leases.members.map(\.incarnation) == [members[0]])
    }

    @Test func oneRequestRenewsManyLeasesAndNamesThoseThatHaveEnded() throws {
        let scene = try Scene()
        let members = [try scene.join("a", .worker), try scene.join("b", .worker)]
        let gone = try scene.join("c", .worker)
        try scene.decide { instance throws(CoordinatorRefusal) in
            ((), instance.leave(gone, unixMilliseconds: 0))
        }
        scene.time.run(for: .seconds(9))
        let stranger = MemberIncarnation(99)
        #expect(
            try scene.shell.keepAlive([members[0], gone, members[1], stranger]) == [gone, stranger])
        scene.time.run(for: .seconds(9))
        #expect(scene.shell.instance.leases.members.map(\.incarnation) == members)
    }

    /// The timer that ends leases is not moved by renewals, and must not miss an end for that.
    @Test func leasesEndOnTimeWhoeverRenews() throws {
        let scene = try Scene()
        let members = [try scene.join("a", .worker), try scene.join("b", .worker)]
        var ends: [Int] = []
        for second in 1...40 {
            scene.time.run(for: .seconds(1))
            if second <= 25 { _ = try scene.shell.keepAlive([members[0]]) }
            if second == 7 { _ = try scene.shell.keepAlive([members[1]]) }
            if scene.shell.instance.leases.members.count < 2 - ends.count { ends.append(second) }
        }
        #expect(ends == [17, 35])
        #expect(scene.time.isIdle)
    }

    @Test func aDecisionThatCannotBeKeptIsPromisedToNobody() throws {
        let scene = try Scene()
        _ = try scene.join("s", .shard)
        let worker = try scene.join("a", .worker)
        let job = try scene.submit()
        let reader = Reader<MapMessage>()
        #expect(scene.shell.watchMap(reader, takesChanges: true))
        var fatal = 0
        scene.shell.onFatal = {
            #expect($0.description == "the disk is full")
            fatal += 1
        }
        scene.store.isBroken = true
        #expect(throws: CoordinatorRefusal.stopping) { try scene.join("b", .worker) }
        #expect(fatal == 1 && reader.values.count == 1, "nobody saw the map with the new member")
        scene.wait(worker)
        #expect(throws: CoordinatorRefusal.stopping) { try scene.join("c", .worker) }
        #expect(scene.answers == ["2: \(CoordinatorRefusal.stopping)"])
        #expect(throws: CoordinatorRefusal.stopping) { try scene.shell.keepAlive([worker]) }
        #expect(throws: CoordinatorRefusal.stopping) { try scene.shell.insistOnDurability() }
        #expect(fatal == 1)
        #expect(RPCError(CoordinatorRefusal.stopping).code == .unavailable)
        // The next coordinator gives the same number to another: nobody else has it.
        #expect(try scene.store.load().cluster?.lastMember.value == 2)
        #expect(try scene.store.load().jobs.map(\.id) == [job])
    }

    /// Decisions of one turn cost one transaction, and nobody hears of one before it.
    @Test func decisionsOfOneTurnBecomeDurableTogether() throws {
        let scene = try Scene()
        scene.store.saves = []
        var said: [UInt64] = []
        for name in ["a", "b", "c"] {
            let member = try scene.shell.decide { instance throws(CoordinatorRefusal) in
                let (member, directives) = try instance.join(
                    PlanFixture.join(name, .worker), now: scene.time.now, unixMilliseconds: 0)
                return (member, directives)
            }
            scene.shell.whenDurable {
                #expect($0 == nil && scene.store.saves.count == 1)
                said.append(member.incarnation.value)
            }
        }
        #expect(said.isEmpty && scene.store.saves.isEmpty)
        scene.time.run(for: .zero)
        #expect(said == [1, 2, 3])
        // Three members, and the cluster's counters once.
        #expect(scene.store.saves.map(\.count) == [4])
        #expect(try scene.store.load().cluster?.lastMember.value == 3)
        var isSaid = false
        scene.shell.whenDurable { isSaid = $0 == nil }
        #expect(isSaid, "there is nothing to wait for")
    }

    @Test func aSlowWatcherSeesTheLatestAndTheLast() throws {
        let scene = try Scene()
        _ = try scene.join("s", .shard)
        let job = try scene.submit(files: 2)
        let (slow, gone) = (Reader<JobStatus>(), Reader<JobStatus>())
        #expect(scene.shell.watchJob(job, slow) && scene.shell.watchJob(job, gone))
        #expect(slow.values.map(\.partsDone) == [0])
        gone.onGone?()
        slow.isReady = false
        let worker = try scene.join("a", .worker)
        func finishOne() throws {
            guard
                let task = try scene.decide({ instance throws(CoordinatorRefusal) in
                    let (task, directives) = try instance.acquireTask(worker)
                    return (task, directives)
                })
            else { return }
            try scene.decide { instance throws(CoordinatorRefusal) in
                let (_, directives) = try instance.report(
                    PlanFixture.report(task).under(instance), from: worker,
                    now: scene.time.now, unixMilliseconds: 0)
                return ((), directives)
            }
        }
        try finishOne()
        #expect(slow.values.count == 1)
        slow.isReady = true
        slow.onReady?()
        #expect(slow.values.map(\.partsDone) == [0, 1])
        slow.isReady = false
        try finishOne()
        try finishOne()
        // The job has ended: whoever is slow still sees how.
        #expect(slow.isFinished)
        #expect(slow.values.last?.state == .completed)
        #expect(gone.values.count == 1 && !gone.isFinished)
        let late = Reader<JobStatus>()
        #expect(scene.shell.watchJob(job, late))
        #expect(late.isFinished && late.values.map(\.state) == [.completed])
        #expect(!scene.shell.watchJob(JobID(99), Reader()))
    }
}
