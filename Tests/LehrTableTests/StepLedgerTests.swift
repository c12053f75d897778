import Testing

@testable import LehrTable

@Suite struct StepLedgerTests {
    private let first = StepID(part: 3, batch: 0)
    private let second = StepID(part: 3, batch: 1)
    private let elsewhere = StepID(part: 4, batch: 0)

    private func ledger() -> StepLedger<String> { StepLedger(byteLimit: 100, partLimit: 3) }

    @Test func aStepIsStagedThenCommittedOnce() {
        var ledger = ledger()
        #expect(ledger.inquire(first, attempt: 1) == .status(.none))
        #expect(ledger.stage(first, attempt: 1, payload: "a", byteCount: 100) == .staged)
        #expect(ledger.status(of: first) == .staged)
        #expect(ledger.stage(first, attempt: 1, payload: "again", byteCount: 1) == .staged)
        #expect(ledger.commit(first, attempt: 1) == .apply("a"))
        #expect(ledger.status(of: first) == .committed)
        #expect(ledger.staged == nil)
        #expect(ledger.commit(first, attempt: 1) == .alreadyCommitted)
        #expect(ledger.stage(first, attempt: 1, payload: "late", byteCount: 1) == .alreadyCommitted)
        #expect(ledger.abort(first, attempt: 1) == .alreadyCommitted)
        #expect(ledger.stage(second, attempt: 1, payload: "b", byteCount: 1) == .staged)
        #expect(ledger.commit(first, attempt: 1) == .alreadyCommitted)
        #expect(ledger.commit(second, attempt: 1) == .apply("b"))
    }

    @Test func onlyOneStepIsStagedAtATime() {
        var ledger = ledger()
        #expect(ledger.stage(first, attempt: 1, payload: "a", byteCount: 1) == .staged)
        for step in [second, elsewhere] {
            let answer = ledger.stage(step, attempt: 1, payload: "b", byteCount: 1)
            #expect(answer == .occupied(by: first, attempt: 1))
            #expect(ledger.commit(step, attempt: 1) == .notStaged)
            #expect(ledger.abort(step, attempt: 1) == .aborted)
        }
        #expect(ledger.commit(first, attempt: 1) == .apply("a"))
    }

    @Test func aSuccessorRollsForward() {
        var ledger = ledger()
        #expect(ledger.stage(first, attempt: 1, payload: "a", byteCount: 1) == .staged)
        #expect(ledger.inquire(first, attempt: 2) == .status(.staged))
        #expect(ledger.commit(first, attempt: 1) == .refused(.outdated(newest: 2)))
        #expect(ledger.commit(first, attempt: 2) == .apply("a"))
    }

    @Test func aSuccessorAbortsAndComputesAgain() {
        var ledger = ledger()
        #expect(ledger.stage(first, attempt: 1, payload: "a", byteCount: 1) == .staged)
        #expect(ledger.inquire(first, attempt: 2) == .status(.staged))
        let early = ledger.stage(first, attempt: 2, payload: "b", byteCount: 1)
        #expect(early == .occupied(by: first, attempt: 1))
        #expect(ledger.abort(first, attempt: 2) == .aborted)
        let late = ledger.stage(first, attempt: 1, payload: "a", byteCount: 1)
        #expect(late == .refused(.outdated(newest: 2)))
        #expect(ledger.stage(first, attempt: 2, payload: "b", byteCount: 1) == .staged)
        // A stray repetition of the abort does not undo what has been promised since.
        #expect(ledger.abort(first, attempt: 2) == .kept)
        #expect(ledger.abort(first, attempt: 1) == .refused(.outdated(newest: 2)))
        #expect(ledger.commit(first, attempt: 2) == .apply("b"))
    }

    @Test func anInquiryAloneFencesTheOlderAttempt() {
        var ledger = ledger()
        #expect(ledger.inquire(first, attempt: 5) == .status(.none))
        let refusal = StepRefusal.outdated(newest: 5)
        #expect(ledger.stage(first, attempt: 4, payload: "a", byteCount: 1) == .refused(refusal))
        #expect(ledger.inquire(first, attempt: 4) == .refused(refusal))
        #expect(ledger.commit(first, attempt: 4) == .refused(refusal))
        #expect(ledger.abort(first, attempt: 4) == .refused(refusal))
        // Attempts are counted for each part by itself.
        #expect(ledger.inquire(elsewhere, attempt: 1) == .status(.none))
    }

    @Test func whatIsTooLargeIsRefused() {
        var ledger = ledger()
        let answer = ledger.stage(first, attempt: 1, payload: "a", byteCount: 101)
        #expect(answer == .tooLarge(limit: 100))
        #expect(ledger.status(of: first) == .none)
        let last = StepID(part: 3, batch: .max)
        #expect(
            ledger.stage(last, attempt: 1, payload: "a", byteCount: 1)
                == .refused(.batchOutOfRange))
    }

    @Test func partsAreForgottenOnceSettled() {
        var ledger = ledger()
        for part in 0..<3 as Range<UInt32> {
            let step = StepID(part: part, batch: 0)
            #expect(ledger.inquire(step, attempt: 1) == .status(.none))
        }
        #expect(ledger.inquire(first, attempt: 1) == .refused(.tooManyParts(limit: 3)))
        let settled = StepID(part: 1, batch: 9)
        #expect(ledger.stage(settled, attempt: 1, payload: "a", byteCount: 1) == .staged)
        ledger.settleParts(below: 2)
        ledger.settleParts(below: 1)
        #expect(ledger.partCount == 1 && ledger.partFloor == 2)
        #expect(ledger.staged == nil)
        #expect(ledger.inquire(settled, attempt: 9) == .status(.committed))
        #expect(ledger.stage(settled, attempt: 1, payload: "a", byteCount: 1) == .alreadyCommitted)
        #expect(ledger.commit(settled, attempt: 1) == .alreadyCommitted)
        #expect(ledger.inquire(first, attempt: 1) == .status(.none))
    }
}
