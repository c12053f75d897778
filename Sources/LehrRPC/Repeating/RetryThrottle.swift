/// Keeps repetitions from becoming a storm: gRPC's retry throttling (proposal A6).
///
/// A failure takes a token and a success gives back a part of one; while half of them or fewer are
/// left, nothing is repeated. So a server that has failed gets little more than its first attempts.
struct RetryThrottle {
    private let most: Double
    private let gain: Double
    private var tokens: Double

    init(tokensMax: Double, tokensPerSuccess: Double) {
        most = tokensMax
        gain = tokensPerSuccess
        tokens = tokensMax
    }

    var allows: Bool { tokens > most / 2 }

    mutating func succeeded() { tokens = min(tokens + gain, most) }

    mutating func failed() { tokens = max(tokens - 1, 0) }
}
