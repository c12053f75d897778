package import LehrWire

/// How a call is made more than once: only for one whose caller declares it idempotent, so a read,
/// or a push that carries its identity.
package enum Repetition: Sendable {
    /// Again when it has failed.
    case retry(RetryPolicy)
    /// Again while it has not been answered; the first good answer counts.
    case hedge(HedgePolicy)

    /// What more than this many attempts are taken for.
    static let attemptsLimit = 5

    var attemptsMax: Int {
        switch self {
        case .retry(let policy): min(policy.attemptsMax, Self.attemptsLimit)
        case .hedge(let policy): min(policy.attemptsMax, Self.attemptsLimit)
        }
    }

    var codes: Set<StatusCode> {
        switch self {
        case .retry(let policy): policy.codes
        case .hedge(let policy): policy.codes
        }
    }
}

/// When a failed call is made again. A call of which a message has come is not.
package struct RetryPolicy: Sendable {
    /// The first included; more than 5 count as 5.
    package var attemptsMax: Int
    /// What is waited before the second attempt, at most, and doubled with each; see `Backoff`.
    package var backoffFirst: Duration
    package var backoffMax: Duration
    /// Failures after which another attempt may help.
    package var codes: Set<StatusCode>

    package init(
        attemptsMax: Int = 3, backoffFirst: Duration = .milliseconds(100),
        backoffMax: Duration = .seconds(1), codes: Set<StatusCode> = [.unavailable]
    ) {
        self.attemptsMax = attemptsMax
        self.backoffFirst = backoffFirst
        self.backoffMax = backoffMax
        self.codes = codes
    }
}

/// When a call that is slow is made a second time, at another address or on another connection if
/// the channel has one.
package struct HedgePolicy: Sendable {
    /// Between one attempt and the next; after a failure the next comes at once.
    package var delay: Duration
    /// The first included; more than 5 count as 5.
    package var attemptsMax: Int
    /// Failures that do not end the call while an attempt is left.
    package var codes: Set<StatusCode>

    package init(
        delay: Duration, attemptsMax: Int = 2, codes: Set<StatusCode> = [.unavailable]
    ) {
        self.delay = delay
        self.attemptsMax = attemptsMax
        self.codes = codes
    }
}
