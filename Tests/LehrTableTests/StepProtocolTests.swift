import Testing

@testable import LehrTable

/// Explores every interleaving of several attempts at one step over two owners: requests arrive in
/// any order, are lost (and sent again), are repeated at any later time, and a worker may stop or
/// go on at any moment, which includes a dead one that wakes.
@Suite struct StepProtocolTests {
    @Test func noInterleavingCommitsTwoPayloadsOrHalfAStep() throws {
        var explored: Set<World> = []
        var open = [World(workerCount: 3)]
        var bothCommitted = 0
        var rolledForward = 0
        while let world = open.popLast() {
            guard explored.insert(world).inserted else { continue }
            // A violation ends the exploration, which could be endless without the promises.
            let payloads = world.owners.flatMap(\.applied)
            try #require(world.owners.allSatisfy { $0.applied.count <= 1 }, "applied twice")
            try #require(Set(payloads).count <= 1, "owners applied different payloads")
            try #require(!world.isBroken, "a decided commit met an owner without the step")
            if payloads.count == 2 { bothCommitted += 1 }
            if world.workers.contains(where: { $0.phase == .rollForward }) { rolledForward += 1 }
            // From anywhere, a fresh attempt left alone brings the step to its end.
            try #require(world.finishedByFreshAttempt(), "a successor got stuck")
            open += world.successors()
        }
        // The exploration has been where it matters.
        #expect(explored.count > 1000)
        #expect(bothCommitted > 100)
        #expect(rolledForward > 10)
    }
}

private let step = StepID(part: 0, batch: 0)

private enum Request: Hashable {
    case inquire, abort, stage, commit
}

private struct Owner: Hashable {
    var ledger = StepLedger<UInt64>(byteLimit: 8)
    var applied: [UInt64] = []
}

private struct Worker: Hashable {
    enum Phase: Hashable {
        case inquire, abort, stage, commit, rollForward, done, stopped
    }

    let attempt: UInt64
    var phase = Phase.inquire
    /// Owners that have answered in this phase.
    var answered: Set<Int> = []
    var sawCommitted = false
    /// Everything this worker has ever asked; any of it may arrive again.
    var sent: Set<Request> = [.inquire]

    var request: Request? {
        switch phase {
        case .inquire: .inquire
        case .abort: .abort
        case .stage: .stage
        case .commit, .rollForward: .commit
        case .done, .stopped: nil
        }
    }

    mutating func enter(_ next: Phase) {
        phase = next
        answered = []
        if let request { sent.insert(request) }
    }
}

private struct World: Hashable {
    var owners = [Owner(), Owner()]
    var workers: [Worker]
    /// A worker that had every right to commit was told that nothing is staged.
    var isBroken = false

    init(workerCount: UInt64) {
        workers = (1...workerCount).map { Worker(attempt: $0) }
    }

    /// Every world that is one event away.
    func successors() -> [World] {
        var next: [World] = []
        for (i, worker) in workers.enumerated() {
            for owner in owners.indices {
                for request in worker.sent {
                    var world = self
                    world.deliver(request, attempt: worker.attempt, to: owner)
                    next.append(world)
                }
                guard worker.request != nil, !worker.answered.contains(owner) else { continue }
                var world = self
                world.ask(owner, worker: i)
                next.append(world)
            }
        }
        return next
    }

    /// A request arrives and its answer is lost.
    private mutating func deliver(_ request: Request, attempt: UInt64, to owner: Int) {
        switch request {
        case .inquire: _ = owners[owner].ledger.inquire(step, attempt: attempt)
        case .abort: _ = owners[owner].ledger.abort(step, attempt: attempt)
        case .stage:
            _ = owners[owner].ledger.stage(step, attempt: attempt, payload: attempt, byteCount: 8)
        case .commit: _ = commit(attempt, at: owner)
        }
    }

    private mutating func commit(_ attempt: UInt64, at owner: Int) -> StepCommit<UInt64> {
        let answer = owners[owner].ledger.commit(step, attempt: attempt)
        if case .apply(let payload) = answer { owners[owner].applied.append(payload) }
        return answer
    }

    /// A worker's request of its phase arrives, and so does the answer.
    private mutating func ask(_ owner: Int, worker i: Int) {
        let attempt = workers[i].attempt
        switch workers[i].phase {
        case .inquire:
            switch owners[owner].ledger.inquire(step, attempt: attempt) {
            case .refused: return workers[i].enter(.stopped)
            case .status(let status): if status == .committed { workers[i].sawCommitted = true }
            }
        case .abort:
            switch owners[owner].ledger.abort(step, attempt: attempt) {
            case .refused: return workers[i].enter(.stopped)
            case .alreadyCommitted: isBroken = true
            case .aborted, .kept: break
            }
        case .stage:
            switch owners[owner].ledger.stage(
                step, attempt: attempt, payload: attempt, byteCount: 8)
            {
            case .refused: return workers[i].enter(.stopped)
            case .staged: break
            case .alreadyCommitted, .occupied, .tooLarge: isBroken = true
            }
        case .commit, .rollForward:
            switch commit(attempt, at: owner) {
            case .refused: return workers[i].enter(.stopped)
            case .notStaged: isBroken = true
            case .apply, .alreadyCommitted: break
            }
        case .done, .stopped: return
        }
        workers[i].answered.insert(owner)
        if workers[i].answered.count == owners.count { decide(i) }
    }

    private mutating func decide(_ i: Int) {
        switch workers[i].phase {
        case .inquire: workers[i].enter(workers[i].sawCommitted ? .rollForward : .abort)
        case .abort: workers[i].enter(.stage)
        case .stage: workers[i].enter(.commit)
        case .commit, .rollForward: workers[i].enter(.done)
        case .done, .stopped: break
        }
    }

    func finishedByFreshAttempt() -> Bool {
        var world = self
        world.workers.append(Worker(attempt: UInt64(workers.count) + 1))
        let i = world.workers.count - 1
        while world.workers[i].request != nil {
            for owner in owners.indices where !world.workers[i].answered.contains(owner) {
                world.ask(owner, worker: i)
                if world.workers[i].answered.isEmpty { break }
            }
        }
        let applied = world.owners.map(\.applied)
        return world.workers[i].phase == .done && !world.isBroken
            && applied[0].count == 1 && applied[0] == applied[1]
    }
}
