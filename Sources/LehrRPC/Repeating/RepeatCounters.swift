/// What the channels of a transport have repeated since it began; read on its core.
package struct RepeatCounters: Equatable, Sendable {
    /// Attempts after a failure.
    package internal(set) var retries: UInt64 = 0
    /// Attempts beside one that was slow, those whose answer counted, and those given up because
    /// another's did.
    package internal(set) var hedges: UInt64 = 0
    package internal(set) var hedgesWon: UInt64 = 0
    package internal(set) var attemptsCancelled: UInt64 = 0
    /// Attempts that were not made: too many have failed, or the server asked for none.
    package internal(set) var throttled: UInt64 = 0
    package internal(set) var pushedBack: UInt64 = 0
    /// Calls made once only, because too many bytes are kept for repetition.
    package internal(set) var notKept: UInt64 = 0

    package init() {}
}
