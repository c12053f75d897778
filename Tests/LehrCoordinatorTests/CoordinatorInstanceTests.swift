import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import LehrTable
import LehrWire
import Testing

@testable import LehrCoordinator

@Suite struct CoordinatorInstanceTests {
    /// A coordinator with one shard of two cores, two workers and a job.
    private func running(
        isSequential: Bool = false
    ) throws -> (CoordinatorBox, shard: MemberIncarnation, workers: [MemberIncarnation]) {
        let instance = CoordinatorBox()
        let shard = try instance.join("s", .shard)
        let workers = [try instance.join("w0", .worker), try instance.join("w1", .worker)]
        _ = try instance.submit(
            PlanFixture.plan(isSequential: isSequential))
        return (instance, shard, workers)
    }

    private func refused(
        _ change: (inout CoordinatorInstance.JoinRequest) -> Void, _ text: String
    ) {
        let instance = CoordinatorBox()
        var request = PlanFixture.join("s", .shard)
        change(&request)
        do {
            _ = try instance.join(request)
            Issue.record("\(text): should be refused")
        } catch { #expect("\(error)".contains(text)) }
        #expect(instance.leases.members.isEmpty && instance.cluster.mapVersion == 1)
    }

    @Test func membersThatMakeNoSenseAreRefused() {
        refused({ $0.name = "" }, "member name")
        refused({ $0.name = String(repeating: "a", count: 65) }, "1 to 64")
        refused({ $0.name = "a b" }, "letters, digits")
        refused({ $0.name = "ä" }, "letters, digits")
        refused({ $0.name = "a/../b" }, "letters, digits")
        refused({ $0.cluster = ClusterID(8) }, "fresh state directory")
        refused({ $0.coreAddresses = [] }, "at least one core")
        refused({ $0.coreAddresses = Array(repeating: "a:1", count: 1025) }, "at most 1024")
        refused({ $0.coreAddresses = [String(repeating: "a", count: 263)] }, "263 bytes")
        refused({ $0.httpAddress = String(repeating: "a", count: 300) }, "300 bytes")
    }

    @Test func anotherLifeOfTheSameClusterIsWelcome() throws {
        let instance = CoordinatorBox()
        let request = PlanFixture.join("Aa0.-_z", .worker, cluster: 7)
        #expect(
            try instance.join(request).member.name == "Aa0.-_z")
    }

    @Test func aNameIsItsHoldersForAsLongAsItRenews() throws {
        let (instance, shard, _) = try running()
        var request = PlanFixture.join("s", .shard)
        request.process = ProcessLife(process: 8, life: 1)
        do {
            _ = try instance.join(request, after: .milliseconds(1200))
            Issue.record("should be refused")
        } catch {
            #expect(
                "\(error)" == """
                    another shard at s:1 has the name "s" and renewed its lease 1200 ms ago; give \
                    this one another name, or end that one: after 5000 ms of silence its name is free
                    """)
        }
        #expect(instance.jobs[0].record.state == .running)
        let (member, directives) = try instance.join(request, after: .seconds(5))
        #expect(directives.contains(.save(.memberEnded(shard))))
        #expect(instance.jobs[0].record.state == .failed)
        #expect(!instance.leases.isSilent(shard, now: PlanFixture.start + .seconds(9)))
        // Its answer was lost.
        let again = try instance.join(request, after: .seconds(6))
        #expect(again.member == member && again.directives.isEmpty)
        request.process?.life = 2
        let later = try instance.join(request, after: .seconds(7))
        #expect(later.member.incarnation == member.incarnation)
        #expect(later.directives.contains(.save(.member(later.member))))
        #expect(later.directives.contains(.publishMap))
        request.process?.life = 1
        #expect(throws: CoordinatorRefusal.outdated) {
            try instance.join(request, after: .seconds(8))
        }
    }

    @Test func aCoordinatorThatHungRenewsAllAndOneThatIsLateDoesNot() throws {
        var instance = PlanFixture.instance()
        let start = PlanFixture.start
        #expect(instance.forgiveOwnAbsence(now: start + .seconds(99)) == nil, "there is nobody")
        let (member, _) = try instance.join(
            PlanFixture.join("w", .worker), now: start, unixMilliseconds: 0)
        #expect(instance.forgiveOwnAbsence(now: start + .seconds(13)) == nil)
        #expect(throws: CoordinatorRefusal.unknownLease(member.incarnation)) {
            try instance.keepAlive(member.incarnation, now: start + .seconds(13))
        }
        let late = start + .nanoseconds(13_000_000_001)
        #expect(instance.forgiveOwnAbsence(now: late) == .nanoseconds(3_000_000_001))
        #expect(instance.forgiveOwnAbsence(now: late) == nil)
        try instance.keepAlive(member.incarnation, now: late)
        #expect(instance.leases.nextExpiry == late + .seconds(10))
    }

    @Test func aJobNeedsAShard() throws {
        let instance = CoordinatorBox()
        _ = try instance.join("w", .worker)
        #expect(throws: CoordinatorRefusal.noShards) {
            try instance.submit(PlanFixture.plan())
        }
        #expect(instance.jobs.isEmpty && instance.tables.isEmpty && instance.cluster.lastJob == 0)
    }

    @Test func jobsAreBounded() throws {
        let (instance, _, _) = try running()
        for _ in 1..<CoordinatorInstance.jobCountMax {
            _ = try instance.submit(PlanFixture.plan(files: 1, bits: 0))
        }
        #expect(throws: CoordinatorRefusal.self) {
            try instance.submit(PlanFixture.plan())
        }
        #expect(instance.jobs.count == CoordinatorInstance.jobCountMax)
    }

    @Test func strangersGetNothing() throws {
        let (instance, shard, workers) = try running()
        let stranger = MemberIncarnation(99)
        #expect(throws: CoordinatorRefusal.unknownLease(stranger)) {
            try instance.acquireTask(stranger)
        }
        #expect(throws: CoordinatorRefusal.unknownLease(shard)) { try instance.acquireTask(shard) }
        #expect(throws: CoordinatorRefusal.unknownLease(stranger)) {
            try instance.keepAlive(stranger)
        }
        let task = try #require(try instance.acquireTask(workers[0]).task)
        #expect(throws: CoordinatorRefusal.unknownLease(stranger)) {
            try instance.report(
                PlanFixture.report(task), from: stranger)
        }
        #expect(instance.leave(stranger).isEmpty)
        #expect(instance.stop(JobID(99)).isEmpty)
        for name in ["99", "nothing", ""] {
            #expect(throws: CoordinatorRefusal.unknownJob(name)) { try instance.find(name) }
        }
    }

    @Test func aJobIsFoundByNumberOrAsTheNewestOfItsName() throws {
        let (instance, _, _) = try running()
        _ = try instance.submit(PlanFixture.plan())
        #expect(try instance.find("1").id.value == 1)
        #expect(try instance.find("job").id.value == 2)
    }

    @Test func tablesArePlacedOverAllCoresWithFreshIncarnations() throws {
        let (instance, shard, _) = try running()
        #expect(instance.tables.map(\.partitions.count) == [4, 2], "128 dense rows: one in 64")
        _ = try instance.submit(PlanFixture.plan())
        let partitions = instance.tables.flatMap(\.partitions)
        #expect(partitions.allSatisfy { $0.owner == shard && $0.ownerName == "s" })
        #expect(partitions.map(\.incarnation.value) == Array(1...12))
        #expect(Set(partitions.map(\.core)) == [0, 1])
        #expect(instance.tables.map(\.id.value) == [1, 2, 3, 4])
        #expect(CoordinatorInstance.partitionBits(.rows(1 << 40), hashed: 4, cores: 1 << 30) == 16)
        #expect(CoordinatorInstance.partitionBits(.rows(1), hashed: 4, cores: 8) == 0)
        #expect(CoordinatorInstance.partitionBits(.rows(640), hashed: 4, cores: 6) == 2)
    }

    @Test func aWorkerThatAsksAgainGivesBackWhatItHeld() throws {
        let (instance, _, workers) = try running()
        _ = try instance.submit(PlanFixture.plan(name: "other"))
        let first = try #require(try instance.acquireTask(workers[0]).task)
        #expect(first.job.value == 1)
        #expect(
            try instance.acquireTask(workers[1]).task?.job.value == 2, "the job with fewer workers")
        let (task, directives) = try instance.acquireTask(workers[0])
        #expect(task?.job.value == 1 && task?.attempt == 2)
        #expect(directives.contains(.offerTasks), "somebody else may want what it gave back")
        #expect(instance.jobs.map(\.holders.count) == [1, 1])
    }

    @Test func everyLeaseIsDurableBeforeItIsHeardOf() throws {
        let (instance, _, workers) = try running()
        let (task, directives) = try instance.acquireTask(workers[0])
        let part = instance.jobs[0].parts[0]
        #expect(task?.attempt == 1 && part.attempt == 1)
        #expect(directives.contains(.save(.part(part))))
    }

    @Test func aLostWorkersPartGoesToTheNext() throws {
        for how in 0..<3 {
            let (instance, shard, workers) = try running(isSequential: true)
            let first = try #require(try instance.acquireTask(workers[0]).task)
            #expect(try instance.acquireTask(workers[1]).task == nil)
            var directives: [Directive]
            switch how {
            case 0: directives = instance.leave(workers[0])
            case 1:
                try instance.keepAlive(workers[1], after: .seconds(9))
                try instance.keepAlive(shard, after: .seconds(9))
                directives = instance.expire(after: .seconds(10))
            default:
                directives = try instance.join(
                    PlanFixture.join("w0", .worker), after: .seconds(5)
                ).directives
            }
            #expect(directives.contains(.offerTasks) && directives.contains(.publishMap))
            #expect(directives.contains(.save(.memberEnded(workers[0]))))
            let second = try #require(try instance.acquireTask(workers[1]).task)
            #expect(second.part == first.part && second.attempt == 2)
        }
    }

    @Test func whatAnOperatorRevokesIsLostAtOnceAndLingersUntilItMustBeSilent() throws {
        let (instance, shard, workers) = try running()
        let task = try #require(try instance.acquireTask(workers[0]).task)
        let (worker, released) = try instance.revoke("w0", after: .seconds(3))
        #expect(worker.member.incarnation == workers[0] && worker.silentIn == .seconds(7))
        #expect(released.contains(.save(.memberEnded(workers[0]))))
        #expect(released.contains(.offerTasks) && released.contains(.publishMap))
        #expect(try instance.acquireTask(workers[1]).task?.part == task.part)
        #expect(throws: CoordinatorRefusal.unknownLease(workers[0])) {
            try instance.keepAlive(workers[0], after: .seconds(4))
        }

        let (lost, directives) = try instance.revoke("s", shard, after: .seconds(4))
        #expect(lost.member.name == "s" && lost.silentIn == .seconds(6))
        #expect(directives.contains(.publishMap) && instance.tables.isEmpty)
        #expect(instance.jobs[0].record.state == .failed)
        #expect(
            instance.jobs[0].record.message
                == "shard s (s:1) was lost: its lease was revoked by an operator; the rows it owned "
                + "are gone")
        #expect(!instance.leases.isSilent(shard, now: PlanFixture.start + .seconds(9)))
        #expect(instance.leases.isSilent(shard, now: PlanFixture.start + .seconds(10)))
        // The process that still runs is taken in as another life.
        let next = try instance.join(PlanFixture.join("s", .shard), after: .seconds(5)).member
        #expect(next.incarnation > shard)
    }

    @Test func onlyTheLifeThatIsMeantIsRevoked() throws {
        let (instance, shard, _) = try running()
        for (name, life, message) in [
            ("x", nil, #"no member "x"; `lehr members` shows those there are"#),
            (
                "s", MemberIncarnation(99),
                #""s" is incarnation 1, and not 99 any more; `lehr members` shows those there are"#
            ),
        ] {
            let error = #expect(throws: CoordinatorRefusal.self) {
                try instance.revoke(name, life)
            }
            #expect(error.map { "\($0)" } == message)
            #expect(error.map { RPCError($0).code } == .notFound)
        }
        #expect(instance.leases.member(shard) != nil)
    }

    @Test func aLostShardFailsItsJobsAndDropsTheirTables() throws {
        let (instance, shard, workers) = try running()
        let other = try instance.join("t", .shard)
        _ = other
        let task = try #require(try instance.acquireTask(workers[0]).task)
        let directives = instance.leave(shard)
        let job = instance.jobs[0].record
        #expect(job.state == .failed && job.endedUnixMilliseconds == 99)
        #expect(job.message == "shard s (s:1) was lost: it stopped; the rows it owned are gone")
        #expect(instance.tables.isEmpty)
        #expect(directives.contains(.save(.job(job))))
        #expect(directives.contains(.save(.tableDropped(TableID(1)))))
        let answer = try instance.report(
            PlanFixture.report(task), from: workers[0])
        #expect(!answer.proceed && answer.directives.isEmpty)
    }

    @Test func aFailureReportedByAWorkerNamesThePart() throws {
        let (instance, _, workers) = try running()
        let task = try #require(try instance.acquireTask(workers[0]).task)
        var report = PlanFixture.report(task, floor: 1)
        report.failure = "train-0:7: expected a user"
        let (proceed, _) = try instance.report(
            report, from: workers[0])
        #expect(!proceed)
        #expect(instance.jobs[0].record.message == "part 0 (train-0): train-0:7: expected a user")
        #expect(instance.tables.isEmpty)
    }

    @Test func acknowledgementsOfAnOlderPlacementProveNothing() throws {
        let (instance, _, workers) = try running()
        let task = try #require(try instance.acquireTask(workers[0]).task)
        let current = instance.tables.placement
        for other in [0, current.value - 1, current.value + 1] {
            let (proceed, directives) = try instance.report(
                PlanFixture.report(task), from: workers[0],
                placement: PartitionIncarnation(other))
            #expect(proceed && directives.isEmpty)
        }
        #expect(instance.jobs[0].parts[0].floor == 0 && !instance.jobs[0].parts[0].isDone)
        _ = try instance.report(PlanFixture.report(task), from: workers[0])
        #expect(instance.jobs[0].parts[0].isDone)
    }

    @Test func aJobRunsToItsEnd() throws {
        let (instance, _, workers) = try running()
        var tasks = 0
        while let task = try instance.acquireTask(workers[tasks % 2]).task {
            _ = try instance.report(
                PlanFixture.report(task), from: workers[tasks % 2])
            tasks += 1
        }
        #expect(tasks == 6 + 2)
        #expect(instance.jobs[0].record.state == .completed)
        #expect(instance.jobs[0].record.endedUnixMilliseconds == 77)
        #expect(instance.tables.count == 2, "for export")
    }
}
