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
        // Nobody holds anything, and everybody has a full TTL.
        #expect(restored.jobs.allSatisfy { $0.holders.isEmpty })
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
        let late = try restored.report(
            PlanFixture.report(held).under(restored), from: worker, now: PlanFixture.start,
            unixMilliseconds: 0)
        #expect(!late.proceed, "nobody holds anything after a restart")
        let next = try #require(try restored.acquireTask(worker).task)
        #expect(next.part == 0 && next.firstBatch == 2 && next.attempt == 2)
    }

    @Test func withoutAClusterThereIsNothingToRestore() {
        #expect(
            CoordinatorInstance.restore(
                DurableState(), terms: PlanFixture.terms, placer: EvenSplitPlacer(),
                now: PlanFixture.start) == nil)
    }
}
