import LehrCore

/// Frames that a peer may send although they bring no call further.
///
/// Each costs a token; tokens come back with time, and with what the peer has been sent, since that
/// is what honest peers send WINDOW_UPDATE for. A flood of SETTINGS, PRIORITY, RST_STREAM,
/// WINDOW_UPDATE or empty DATA costs its sender the connection, whatever it consists of; a peer that
/// makes its server send the RST_STREAM pays for those alike.
struct FrameBudget {
    private let burst: Int
    private let perSecond: Int
    private var tokens: Int
    private var filled: Instant
    private(set) var isOverdrawn = false

    init(burst: Int, perSecond: Int, at now: Instant) {
        self.burst = burst
        self.perSecond = perSecond
        tokens = burst
        filled = now
    }

    /// Takes note of bytes sent to the peer.
    mutating func earn(_ sentBytes: Int) { tokens = min(burst, tokens + sentBytes >> 10) }

    /// Takes note of a call that has had its answer.
    mutating func earnCall() { tokens = min(burst, tokens + 2) }

    /// Takes note of a frame; true, once: that was one too many.
    mutating func spend(at now: @autoclosure () -> Instant) -> Bool {
        tokens -= 1
        guard tokens < 0, !isOverdrawn else { return false }
        // The clock is asked only by those who have used up what they had.
        let now = now()
        let seconds = Double((now - filled).nanoseconds) / 1e9
        tokens += Int(min(seconds * Double(perSecond), Double(burst)))
        filled = now
        isOverdrawn = tokens < 0
        return isOverdrawn
    }
}
