import LehrCore
import LehrRPC

/// How long messages take in a sandbox: a seeded latency, and more where a rule says so.
final class SandboxLinks {
    private let time: VirtualTime
    private let latencyMax: Duration
    private var random: RandomSource
    private var held: [String: Instant] = [:]
    private var rules: [LinkRule] = []
    /// Messages that rules have delayed, and requests that they have doubled.
    private(set) var disturbedCount = 0

    private static let latencyMin = Duration.microseconds(40)

    init(time: VirtualTime, latencyMax: Duration, random: RandomSource) {
        self.time = time
        self.latencyMax = latencyMax
        self.random = random
    }

    func hold(_ name: String, until end: Instant) { held[name] = end }

    func add(_ rule: LinkRule) {
        rules.removeAll { $0.end <= time.now }
        rules.append(rule)
    }

    func delay(_ source: String, _ target: String) -> Duration {
        let latency = Self.latencyMin + drawn(below: latencyMax - Self.latencyMin)
        let thaw = [source, target].compactMap { held[$0] }.max() ?? time.now
        let extra = max(thaw - time.now, .zero) + extra(source, target)
        if extra > .zero { disturbedCount += 1 }
        return latency + extra
    }

    private func extra(_ source: String, _ target: String) -> Duration {
        var extra = Duration.zero
        for rule in rules(source, target) {
            switch rule.effect {
            case .held(let spread): extra = max(extra, rule.end - time.now + drawn(below: spread))
            case .slow(let most): extra += drawn(below: most)
            case .lossy(let perMille, let retransmission):
                if random.below(1000) < perMille { extra += drawn(below: retransmission) }
            case .twins: break
            }
        }
        return extra
    }

    func twin(_ source: String, _ target: String) -> Duration? {
        for rule in rules(source, target) {
            guard case .twins(let perMille, let later) = rule.effect,
                random.below(1000) < perMille
            else { continue }
            disturbedCount += 1
            return drawn(below: later)
        }
        return nil
    }

    private func rules(_ source: String, _ target: String) -> [LinkRule] {
        guard !rules.isEmpty else { return [] }
        let (source, target) = (process(of: source), process(of: target))
        return rules.filter { $0.concerns(source, target, at: time.now) }
    }

    private func drawn(below most: Duration) -> Duration {
        .nanoseconds(Int64(random.below(Int(max(most.nanoseconds, 1)))))
    }
}
