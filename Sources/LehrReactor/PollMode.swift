/// How a reactor waits for events.
package enum PollMode: String, CaseIterable, Sendable {
    /// Looks again and again: the shortest answers, for a whole processor.
    case busy
    /// Looks again and again for a moment, as long as that pays, and then sleeps.
    case adaptive
    /// Sleeps at once.
    case block
}
