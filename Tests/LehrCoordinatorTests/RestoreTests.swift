import LehrCluster
import LehrCore
import LehrMembership
import LehrPlacement
import LehrTestSupport
import Testing

@testable import LehrCoordinator

/// Whatever has happened, what was made durable is enough to come back as the same coordinator.
@Suite struct RestoreTests {
    /// A coordinator under random traffic that makes its directives durable as a shell does.
    private struct Traffic {
        var instance = PlanFixture.instance()
        var random: RandomSource
        var now = PlanFixture.start
        var leases: [(task: TaskLease, worker: MemberIncarnation)] = []

        init(seed: UInt64) { random = RandomSource(seed: seed) }

        private mutating func anybody() -> MemberIncarnation {
            let members = instance.leases.members
            return members.isEmpty
                ? MemberIncarnation(0) : members[random.below(members.count)].incarnation
        }

        /// One decision; refusals change nothing and are left out.
        mutating func step() -> [Directive] {
            now = now + .milliseconds(Int64(random.below(800)))
            let unix = UInt64(random.below(1 << 40))
            switch random.below(20) {
            case 0..<2:
                let role = Role.allCases[random.below(3)]
                let name = "\(role)-\(random.below(2))"
                let isThere = instance.leases.members.contains { $0.name == name }
                guard !isThere || random.below(20) == 0 else { return [] }
                let request = PlanFixture.join(name, role)
                return
                    (try? instance.join(request, now: now, unixMilliseconds: unix).directives) ?? []
            case 2: return instance.expire(now: now, unixMilliseconds: unix)
            case 3 where random.below(8) == 0:
                return instance.leave(anybody(), unixMilliseconds: unix)
            case 3, 4:
                for member in instance.leases.members {
                    try? instance.keepAlive(member.incarnation, now: now)
                }
                return []
            case 5:
                let plan = PlanFixture.plan(
                    name: "j\(random.below(3))", files: 1 + random.below(3),
                    epochs: 1 + UInt32(random.below(2)), isSequential: random.below(3) == 0)
                return (try? instance.submit(plan, unixMilliseconds: unix).directives) ?? []
            case 6 where !instance.jobs.isEmpty:
                let job = instance.jobs[random.below(instance.jobs.count)].id
                return random.below(4) == 0 ? instance.stop(job, unixMilliseconds: unix) : []
            case 7..<11:
                let worker = anybody()
                guard let (task, directives) = try? instance.acquireTask(worker) else { return [] }
                if let task { leases.append((task, worker)) }
                return directives
            default:
                guard !leases.isEmpty else { return [] }
                let (task, worker) = leases.suffix(3)[
                    leases.suffix(3).startIndex + random.below(min(3, leases.count))]
                var report = PlanFixture.report(task, floor: UInt64(random.below(4)))
                    .under(instance)
                if random.below(40) == 0 { report.failure = "a failure" }
                return
                    (try? instance.report(
                        report, from: worker, now: now, unixMilliseconds: unix
                    ).directives) ?? []
            }
        }
    }

    private func expectEqual(
        _ restored: CoordinatorInstance?, _ instance: CoordinatorInstance, _ what: String
    ) throws {
        let restored = try #require(restored)
        #expect(restored.map == instance.map, "\(what): the map")
        #expect(restored.jobs.map(\.record) == instance.jobs.map(\.record), "\(what): jobs")
        #expect(restored.jobs.map(\.parts) == instance.jobs.map(\.parts), "\(what): parts")
        #expect(
            restored.jobs.map(\.evaluations) == instance.jobs.map(\.evaluations),
            "\(what): evaluations")
        #expect(restored.jobs.map(\.epoch) == instance.jobs.map(\.epoch), "\(what): epochs")
        #expect(restored.leases.lastIncarnation == instance.leases.lastIncarnation, "\(what)")
        #expect(restored.jobs.map(\.holders) == instance.jobs.map(\.holders), "\(what): holders")
        let ttl = restored.leases.terms.ttl
        #expect(
            restored.leases.members.allSatisfy {
                restored.leases.remaining(of: $0.incarnation, now: PlanFixture.start) == ttl
            })
    }

    @Test func everyPrefixOfDecisionsRestoresToTheSameCoordinator() throws {
        var (completed, failed) = (0, 0)
        for seed in 1...40 as ClosedRange<UInt64> {
            var traffic = Traffic(seed: seed)
            let store = MemoryStateStore()
            try store.save([.cluster(traffic.instance.cluster)])
            for step in 0..<250 {
                let records = traffic.step().compactMap { directive in
                    if case .save(let record) = directive { record } else { nil }
                }
                try store.save(records)
                guard step % 5 == 0 else { continue }
                let restored = CoordinatorInstance.restore(
                    try store.load(), terms: PlanFixture.terms, placer: EvenSplitPlacer(),
                    now: PlanFixture.start)
                try expectEqual(restored, traffic.instance, "seed \(seed), step \(step)")
            }
            completed += traffic.instance.jobs.count { $0.record.state == .completed }
            failed += traffic.instance.jobs.count { $0.record.state == .failed }
        }
        #expect(completed > 5 && failed > 5, "the traffic gets somewhere")
    }

    /// The same through the real store: nothing is rounded or forgotten on its way to the disk.
    @Test func aStoreOnDiskRestoresToTheSameCoordinator() throws {
        let directory = try TemporaryDirectory()
        var traffic = Traffic(seed: 6)
        let path = directory.file("coordinator.db")
        var store: SQLiteStateStore? = try SQLiteStateStore(path: path)
        try store?.save([.cluster(traffic.instance.cluster)])
        for step in 0..<240 {
            let records = traffic.step().compactMap { directive in
                if case .save(let record) = directive { record } else { nil }
            }
            try store?.save(records)
            guard step % 60 == 59 else { continue }
            store = nil
            store = try SQLiteStateStore(path: path)
            let restored = CoordinatorInstance.restore(
                try #require(try store?.load()), terms: PlanFixture.terms,
                placer: EvenSplitPlacer(), now: PlanFixture.start)
            try expectEqual(restored, traffic.instance, "step \(step)")
        }
        #expect(!traffic.instance.tables.isEmpty || !traffic.instance.jobs.isEmpty)
    }

    @Test func aRestoredCoordinatorGoesOn() throws {
        var instance = PlanFixture.instance()
        let store = MemoryStateStore()
        func save(_ directives: [Directive]) throws {
            try store.save(
                directives.compactMap { if case .save(let record) = $0 { record } else { nil } })
        }
        try store.save([.cluster(instance.cluster)])
        var worker = MemberIncarnation(0)
        for (name, role) in [("s", Role.shard), ("w", .worker)] {
            let (member, directives) = try instance.join(
                PlanFixture.join(name, role), now: PlanFixture.start, unixMilliseconds: 0)
            try save(directives)
            worker = member.incarnation
        }
        try save(try instance.submit(PlanFixture.plan(), unixMilliseconds: 0).directives)
        let (task, directives) = try instance.acquireTask(worker)
        try save(directives)
        let held = try #require(task)
        try save(
            try instance.report(
                PlanFixture.report(held, floor: 2).under(instance), from: worker,
                now: PlanFixture.start,
                unixMilliseconds: 0
            ).directives)
        var restored = try #require(
            CoordinatorInstance.restore(
                try store.load(), terms: PlanFixture.terms, placer: EvenSplitPlacer(),
                now: PlanFixture.start))
        #expect(restored.jobs[0].holders == [worker])
        let report = try restored.report(
            PlanFixture.report(held).under(restored), from: worker, now: PlanFixture.start,
            unixMilliseconds: 0)
        #expect(report.proceed && restored.jobs[0].parts[0].isDone, "it goes on with its task")
        #expect(restored.jobs[0].holders.isEmpty)
        let next = try #require(try restored.acquireTask(worker).task)
        #expect(next.part == 1 && next.attempt == 1)
        // What it is thought to hold is free when it asks again.
        let other = try restored.acquireTask(worker)
        #expect(other.task?.part == 1 && other.task?.attempt == 2)
        #expect(restored.jobs[0].parts.map(\.holder) == [nil, worker, nil, nil, nil, nil])
    }

    /// A worker that left its task for nothing else holds nothing after a restart, and one that has gone
    /// does not, either.
    @Test func whoHoldsNothingHoldsNothingAfterARestart() {
        var state = PlanFixture.ledger()
        let workers = [MemberIncarnation(7), MemberIncarnation(8), MemberIncarnation(9)]
        for worker in workers { _ = state.lease(to: worker) }
        let released = state.release(workers[0])
        #expect(released == [.part(state.parts[0])] && state.parts[0].holder == nil)
        func restored(_ record: JobRecord) -> JobLedger {
            JobLedger(record: record, parts: state.parts, workers: Set(workers.dropLast()))
        }
        #expect(restored(state.record).holders == [workers[1]])
        #expect(restored(state.record).parts[2].holder == nil)
        var ended = state
        ended.end(.stopped, message: "", unixMilliseconds: 1)
        #expect(restored(ended.record).holders.isEmpty)
        #expect(restored(ended.record).parts.allSatisfy { $0.holder == nil })
    }

    /// What a coordinator has to remember of the TTL it was started with, and for how long.
    @Test func aShorterTTLIsGoneOverToWhenTheLongerLeasesHaveRunOut() throws {
        var state = DurableState()
        let long = LeaseTerms(ttl: .seconds(60))
        var instance = CoordinatorInstance(
            id: ClusterID(7), terms: long, placer: EvenSplitPlacer())
        _ = try instance.join(
            PlanFixture.join("w", .worker), now: PlanFixture.start, unixMilliseconds: 0)
        (state.cluster, state.members) = (instance.cluster, instance.leases.members)
        func restore(_ terms: LeaseTerms) throws -> CoordinatorInstance {
            try #require(
                CoordinatorInstance.restore(
                    state, terms: terms, placer: EvenSplitPlacer(), now: PlanFixture.start))
        }
        var restored = try restore(PlanFixture.terms)
        #expect(restored.cluster.grantedTTL == .seconds(60))
        func expire(after time: Duration) -> [Directive] {
            restored.expire(now: PlanFixture.start + time, unixMilliseconds: 0)
        }
        #expect(expire(after: .seconds(59)).isEmpty)
        #expect(expire(after: .seconds(60)).contains(.save(.memberEnded(MemberIncarnation(1)))))
        #expect(restored.cluster.grantedTTL == .seconds(10))
        #expect(restored.leases.members.isEmpty)
        // Alone it is saved, too.
        state.members = []
        restored = try restore(PlanFixture.terms)
        #expect(expire(after: .seconds(60)) == [.save(.cluster(restored.cluster))])
        #expect(expire(after: .seconds(61)).isEmpty)
        // What was written before there was such a fact; a longer one holds at once.
        state.cluster?.grantedTTL = nil
        #expect(try restore(PlanFixture.terms).cluster.grantedTTL == .seconds(10))
        state.cluster?.grantedTTL = .seconds(10)
        #expect(try restore(long).cluster.grantedTTL == .seconds(60))
    }

    @Test func withoutAClusterThereIsNothingToRestore() {
        #expect(
            CoordinatorInstance.restore(
                DurableState(), terms: PlanFixture.terms, placer: EvenSplitPlacer(),
                now: PlanFixture.start) == nil)
    }
}
