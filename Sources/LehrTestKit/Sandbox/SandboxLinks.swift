import LehrCore
import LehrRPC

/// How long messages take in a sandbox: a seeded latency, more for a process that is frozen.
final class SandboxLinks {
    private let time: VirtualTime
    private let latencyMax: Duration
    private var random: RandomSource
    private var held: [String: Instant] = [:]

    private static let latencyMin = Duration.microseconds(40)

    init(time: VirtualTime, latencyMax: Duration, random: RandomSource) {
        self.time = time
        self.latencyMax = latencyMax
        self.random = random
    }

    func hold(_ name: String, until end: Instant) { held[name] = end }

    func delay(_ source: String, _ target: String) -> Duration {
        let spread = max((latencyMax - Self.latencyMin).nanoseconds, 1)
        let latency = Self.latencyMin + .nanoseconds(Int64(random.below(Int(spread))))
        let thaw = [source, target].compactMap { held[$0] }.max() ?? time.now
        return latency + max(thaw - time.now, .zero)
    }
}
