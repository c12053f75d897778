import LehrCore

/// How far a search has come, in steps and in time.
struct StepMeter {
    /// Steps between two looks at the clock.
    static let stride = 256

    private(set) var steps = 0
    private(set) var isOutOfTime = false
    private let budget: Annealer.Budget
    private let rounds: Int
    private let clock: any MonotonicClock
    private let deadline: Instant
    /// When the first round began.
    private var start: Instant
    private var roundsBegun = 0
    private var now: Instant

    init(_ budget: Annealer.Budget, rounds: Int, clock: any MonotonicClock) {
        self.budget = budget
        self.rounds = rounds
        self.clock = clock
        start = clock.now
        now = start
        deadline = start + budget.time
    }

    var isOver: Bool { isOutOfTime || steps >= budget.steps }

    mutating func beginRound() {
        look()
        if roundsBegun == 0 { start = now }
        roundsBegun += 1
    }

    mutating func count() {
        steps += Self.stride
        look()
    }

    private mutating func look() {
        now = clock.now
        isOutOfTime = now >= deadline
    }

    /// The part of the round that is over, from 0 to 1, by steps or by time, whichever is more; nil at
    /// its end.
    var progress: Double? {
        guard !isOver else { return nil }
        let ended = Double(roundsBegun - 1)
        let share = 1 / Double(rounds)
        let bySteps = Double(steps) / Double(budget.steps) / share - ended
        let byTime = (now - start).inSeconds / (deadline - start).inSeconds / share - ended
        let progress = max(bySteps, byTime, 0)
        return progress < 1 ? progress : nil
    }
}
