import LehrCore

/// The steps of training that have ended, and when: what was done in any time can be asked afterwards.
///
/// A step that is still under way is in no time yet, so the last of some times is short of those by its
/// end: one a lane at most.
struct StepLog {
    private struct Step {
        let time: ClosedRange<Instant>
        let keys: Int

        var duration: Duration { time.upperBound - time.lowerBound }

        /// How much of it fell in a time, from 0 to 1.
        func share(in window: ClosedRange<Instant>) -> Double {
            guard time.overlaps(window) else { return 0 }
            let part = time.clamped(to: window)
            return duration > .zero
                ? (part.upperBound - part.lowerBound).inSeconds / duration.inSeconds : 1
        }
    }

    /// What was done in some time: of a step that was only partly in it, as large a part, so that a time
    /// shorter than a step has its due.
    struct Work: Equatable {
        var keys = 0.0
        var steps = 0.0
        let seconds: Double

        var keysPerSecond: Double { seconds > 0 ? keys / seconds : 0 }

        /// Seconds a step, by one lane.
        var mean: Double { steps > 0 ? seconds / steps : 0 }
    }

    private var steps: [Step] = []

    mutating func add(keys: Int, endedAt end: Instant, after duration: Duration) {
        steps.append(Step(time: end + (.zero - duration)...end, keys: keys))
    }

    func work(in window: ClosedRange<Instant>) -> Work {
        var work = Work(seconds: (window.upperBound - window.lowerBound).inSeconds)
        for step in steps {
            let share = step.share(in: window)
            work.keys += share * Double(step.keys)
            work.steps += share
        }
        return work
    }

    /// How long the longest step took that was under way at some moment of this time; zero if none was.
    func longest(touching window: ClosedRange<Instant>) -> Duration {
        steps.filter { $0.time.overlaps(window) }.map(\.duration).max() ?? .zero
    }
}
