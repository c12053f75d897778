package import LehrCore

/// Jittered exponential back-off: how long to wait before trying again.
///
/// "Full jitter": uniform between half the ceiling and the ceiling, which doubles from `first` up to
/// `most`.
package struct Backoff: Sendable {
    package let first: Duration
    package let most: Duration
    private var ceiling: Duration
    private var random: RandomSource

    package init(
        first: Duration = .milliseconds(100), most: Duration = .seconds(5), random: RandomSource
    ) {
        self.first = first
        self.most = most
        self.random = random
        ceiling = first
    }

    /// The next delay.
    package mutating func next() -> Duration {
        let half = ceiling.nanoseconds / 2
        let delay = Duration.nanoseconds(half + Int64(random.below(Int(half) + 1)))
        ceiling = min(ceiling * 2, most)
        return delay
    }

    /// After a success.
    package mutating func reset() { ceiling = first }
}
