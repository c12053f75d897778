import LehrCore
import LehrRPC

/// Something that goes wrong in a run: what, and how it is planned; when and for how long comes from
/// the run's seed.
package struct Fault: Sendable {
    package let name: String
    let plan: @Sendable (FaultPlan) -> Void
}

/// One fault of one run: where it takes its chances from, and what has become of it.
final class FaultPlan {
    unowned let cluster: ClusterSandbox
    let say: (String) -> Void
    private var random: RandomSource
    /// Times that it took effect.
    private(set) var fired = 0
    /// Occurrences planned and not over.
    private(set) var pending = 0

    /// Faults begin within so long of the first job.
    private static let window = Duration.seconds(4)
    private static let firstMoment = Duration.milliseconds(100)
    /// Until it is tried again where it could not happen, or had no effect.
    private static let patience = Duration.milliseconds(50)

    init(_ cluster: ClusterSandbox, random: RandomSource, say: @escaping (String) -> Void) {
        self.cluster = cluster
        self.random = random
        self.say = say
    }

    /// Plans one occurrence, at a moment of its own.
    ///
    /// - Parameter occur: begins it and calls its argument once it is over, with whether it had an
    ///   effect; false: it cannot happen now. Either way it is tried again until it had one.
    func once(_ occur: @escaping (_ end: @escaping (_ hadEffect: Bool) -> Void) -> Bool) {
        pending += 1
        attempt(after: Self.firstMoment + drawn(below: Self.window), occur)
    }

    private func attempt(
        after delay: Duration, _ occur: @escaping (@escaping (Bool) -> Void) -> Bool
    ) {
        after(delay) { [self] in
            let began = occur { [self] hadEffect in
                guard hadEffect else { return attempt(after: Self.patience, occur) }
                fired += 1
                pending -= 1
            }
            if !began { attempt(after: Self.patience, occur) }
        }
    }

    func after(_ delay: Duration, _ body: @escaping () -> Void) {
        cluster.time.schedule(at: cluster.time.now + delay, body)
    }

    // MARK: - Chances

    func drawn(from least: Duration = .zero, below most: Duration) -> Duration {
        least + .nanoseconds(Int64(random.below(Int((most - least).nanoseconds))))
    }

    func below(_ bound: Int) -> Int { random.below(bound) }

    func oneOf<Element>(_ choices: [Element]) -> Element { choices[random.below(choices.count)] }
}
