import LehrCluster
import LehrCoordinator
import LehrCore
import LehrTable
import Testing

@Suite struct JobLedgerTests {
    private let workers = (1...4).map { MemberIncarnation($0) }

    private func finish(_ task: TaskLease, _ worker: MemberIncarnation, _ ledger: LedgerBox) {
        let record = ledger.note(PlanFixture.report(task), from: worker)
        #expect(record != nil)
    }

    @Test func partsAreLeasedInOrderAnEpochAheadAtMost() throws {
        let ledger = LedgerBox(PlanFixture.ledger(files: 2, epochs: 3))
        let tasks = workers.map { ledger.lease(to: $0) }
        #expect(tasks.map { $0?.part } == [0, 1, 2, 3])
        #expect(tasks.map { $0?.epoch } == [0, 0, 1, 1])
        #expect(tasks.map { $0?.path } == ["train-0", "train-1", "train-0", "train-1"])
        #expect(ledger.lease(to: MemberIncarnation(9)) == nil, "the third epoch is too far ahead")
        #expect(ledger.holders == Set(workers))
        // Out of order: the epoch is over when its lowest part is.
        finish(try #require(tasks[1]), workers[1], ledger)
        #expect(ledger.epoch == 0)
        #expect(ledger.lease(to: workers[1]) == nil)
        finish(try #require(tasks[0]), workers[0], ledger)
        #expect(ledger.epoch == 1)
        let evaluation = try #require(ledger.lease(to: workers[0]))
        #expect(evaluation.kind == .evaluate && evaluation.epoch == 0)
        #expect(evaluation.path == "validation" && evaluation.partFloor == 2)
        #expect(ledger.lease(to: workers[1])?.part == 4)
    }

    @Test func eventualTrainingGoesOnBesideAnEvaluation() throws {
        let ledger = LedgerBox(PlanFixture.ledger(files: 1, epochs: 2))
        finish(try #require(ledger.lease(to: workers[0])), workers[0], ledger)
        #expect(ledger.lease(to: workers[0])?.kind == .evaluate)
        #expect(ledger.lease(to: workers[1])?.part == 1)
    }

    @Test func sequentialTrainingIsOnePartAtATimeAndWaitsForTheEvaluation() throws {
        let ledger = LedgerBox(PlanFixture.ledger(files: 2, epochs: 2, isSequential: true))
        let first = try #require(ledger.lease(to: workers[0]))
        #expect(ledger.lease(to: workers[1]) == nil)
        finish(first, workers[0], ledger)
        let second = try #require(ledger.lease(to: workers[1]))
        #expect(second.part == 1 && second.partFloor == 1)
        #expect(ledger.lease(to: workers[0]) == nil)
        finish(second, workers[1], ledger)
        let evaluation = try #require(ledger.lease(to: workers[0]))
        #expect(evaluation.kind == .evaluate)
        #expect(ledger.lease(to: workers[1]) == nil, "nothing is changed while it is measured")
        finish(evaluation, workers[0], ledger)
        #expect(ledger.lease(to: workers[1])?.part == 2)
    }

    @Test func aJobIsFinishedWhenEverythingIsTrainedAndMeasured() throws {
        let ledger = LedgerBox(PlanFixture.ledger(files: 2, epochs: 2, evaluated: [1]))
        var kinds: [TaskLease.Kind] = []
        while let task = ledger.lease(to: workers[0]) {
            #expect(!ledger.isFinished)
            kinds.append(task.kind)
            finish(task, workers[0], ledger)
        }
        #expect(kinds == [.train, .train, .train, .train, .evaluate])
        #expect(ledger.isFinished && ledger.holders.isEmpty)
        let status = ledger.status
        #expect(status.partsDone == 4 && status.samplesDone == 1000 && status.samples == 1000)
        #expect(status.batchesDone == 12 && status.batches == 12)
        #expect(status.metricName == "auc" && status.metric == 0.75 && status.metricEpoch == 1)
    }

    @Test func aReleasedPartGoesOnFromItsFloorUnderANewAttempt() throws {
        let ledger = LedgerBox(PlanFixture.ledger())
        let first = try #require(ledger.lease(to: workers[0]))
        #expect(
            ledger.note(
                PlanFixture.report(first, floor: 2), from: workers[0])
                != nil)
        #expect(ledger.release(workers[0]))
        #expect(!ledger.release(workers[0]))
        let second = try #require(ledger.lease(to: workers[1]))
        #expect(second.part == 0 && second.attempt == first.attempt + 1 && second.firstBatch == 2)
        // The old holder wakes up.
        let late = PlanFixture.report(first)
        #expect(ledger.note(late, from: workers[0]) == nil)
        #expect(ledger.note(late, from: workers[1]) == nil, "its attempt")
        #expect(ledger.parts[0].floor == 2 && !ledger.parts[0].isDone)
        finish(second, workers[1], ledger)
        #expect(
            ledger.note(
                PlanFixture.report(second), from: workers[1]) == nil)
    }

    @Test func reportsOfNothingThatIsLeasedChangeNothing() throws {
        let ledger = LedgerBox(PlanFixture.ledger())
        let task = try #require(ledger.lease(to: workers[0]))
        let parts = ledger.parts
        func refused(_ change: (inout TaskReport) -> Void) {
            var report = PlanFixture.report(task)
            change(&report)
            #expect(ledger.note(report, from: workers[0]) == nil)
            #expect(ledger.parts == parts)
        }
        refused { $0.part = .max }
        refused { $0.part = 1 }
        refused { $0.attempt = 0 }
        refused { $0.attempt = .max }
        refused { $0.generation = 2 }
        refused { $0.kind = .evaluate }
    }

    @Test func progressNeverGoesBack() throws {
        let ledger = LedgerBox(PlanFixture.ledger())
        let task = try #require(ledger.lease(to: workers[0]))
        for floor in [2, 1, 0] as [UInt64] {
            _ = ledger.note(
                PlanFixture.report(task, floor: floor), from: workers[0])
            #expect(ledger.parts[0].floor == 2 && ledger.parts[0].samples == 200)
        }
        let fresh = TaskReport(of: task)
        _ = ledger.note(fresh, from: workers[0])
        #expect(ledger.parts[0].batches == 3, "a worker that has read nothing knows no better")
    }

    @Test func aWorkerHoldsOneTaskAtATime() throws {
        let ledger = LedgerBox(PlanFixture.ledger())
        #expect(ledger.lease(to: workers[0])?.part == 0)
        #expect(ledger.lease(to: workers[0])?.part == 0)
        #expect(ledger.parts[0].attempt == 2)
        #expect(ledger.lease(to: workers[1])?.part == 1)
        #expect(ledger.release(workers[0]))
        #expect(ledger.holders == [workers[1]])
    }

    @Test func anEndedJobLeasesAndNotesNothing() throws {
        let ledger = LedgerBox(PlanFixture.ledger())
        let task = try #require(ledger.lease(to: workers[0]))
        ledger.end(.stopped)
        #expect(ledger.holders.isEmpty)
        #expect(ledger.lease(to: workers[1]) == nil)
        #expect(
            ledger.note(PlanFixture.report(task), from: workers[0]) == nil)
    }

    /// A partition remembers a bounded number of parts above the lowest open one, so no more than
    /// that may be under way: else the lowest one would find no room, for ever.
    @Test func partsNeverRunFurtherAheadThanOwnersRemember() throws {
        let ledger = LedgerBox(PlanFixture.ledger(files: 1500, epochs: 2, evaluated: []))
        #expect(ledger.lease(to: workers[0])?.part == 0)
        var furthest: UInt32 = 0
        while let task = ledger.lease(to: workers[1]) {
            furthest = max(furthest, task.part)
            finish(task, workers[1], ledger)
        }
        #expect(Int(furthest) == AppliedSet.defaultPartLimit - 1)
        _ = ledger.release(workers[0])
        #expect(ledger.lease(to: workers[1])?.part == 0)
    }

    @Test func theMeterAddsUpAttemptsAndForgetsThem() throws {
        var meter = ProgressMeter()
        let task = TaskLease(
            kind: .train, job: JobID(1), generation: 1, part: 0, epoch: 0, attempt: 1, path: "",
            firstBatch: 0, partFloor: 0)
        var report = PlanFixture.report(task, floor: 1)
        (report.bytesPulled, report.lossSum, report.lossSamples) = (100, 50, 100)
        meter.add(report, newSamples: 100, now: PlanFixture.start)
        #expect(meter.bytesPulled == 100 && meter.loss == 0.5 && meter.samplesPerSecond == 0)
        (report.bytesPulled, report.lossSamples) = (150, 100)
        meter.add(report, newSamples: 100, now: PlanFixture.start + .seconds(2))
        #expect(meter.bytesPulled == 150)
        #expect(meter.samplesPerSecond == 100)
        // The next attempt counts from nothing; a late report of the old one does no harm.
        report.attempt = 2
        report.bytesPulled = 30
        meter.add(report, newSamples: 0, now: PlanFixture.start + .seconds(2))
        #expect(meter.bytesPulled == 180)
        report.bytesPulled = 10
        meter.add(report, newSamples: 0, now: PlanFixture.start + .seconds(2))
        #expect(meter.bytesPulled == 180)
    }
}
