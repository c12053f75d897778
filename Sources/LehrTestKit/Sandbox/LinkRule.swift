package import LehrCore

/// Something that is wrong, for a while, with what goes from some processes to others.
///
/// The network carries streams, so a message is never lost from the middle of one, nor doubled, nor
/// overtaken by its successor on the same call: what happens to packets shows as delay, or as a
/// connection that breaks (`ClusterSandbox.breakConnections`).
package struct LinkRule {
    package enum Effect: Sendable {
        /// Nothing arrives before the rule ends; then all does, within `spread`, as TCP tries again.
        case held(spread: Duration)
        /// Everything takes up to this much longer.
        case slow(by: Duration)
        /// So many messages in a thousand take up to this much longer: a segment was sent again.
        case lossy(perMille: Int, retransmission: Duration)
        /// So many requests in a thousand arrive a second time, up to this much later; see
        /// `InMemoryNetwork.twin`.
        case twins(perMille: Int, later: Duration)
    }

    /// A process's name; nil: any.
    package let source: String?
    package let target: String?
    package let effect: Effect
    package let end: Instant

    package init(from source: String?, to target: String?, _ effect: Effect, until end: Instant) {
        self.source = source
        self.target = target
        self.effect = effect
        self.end = end
    }

    func concerns(_ source: Substring, _ target: Substring, at now: Instant) -> Bool {
        now < end && (self.source.map { $0 == source } ?? true)
            && (self.target.map { $0 == target } ?? true)
    }
}

/// The process of a transport: what comes before the core's number.
func process(of transport: String) -> Substring { transport.prefix { $0 != "/" } }
