/// Nanoseconds that a core of a shard takes for a key, all in all.
package struct KeyCosts: Sendable {
    package var pull: Double
    package var push: Double

    /// Where nothing else is known.
    package static let usual = KeyCosts(pull: 200, push: 300)

    /// The share of a core that so many keys a second keep busy.
    package func cores(pulls: Double, pushes: Double) -> Double {
        1e-9 * (pulls * pull + pushes * push)
    }
}
