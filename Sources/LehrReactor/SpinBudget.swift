/// How long an adaptive reactor looks for events before it sleeps.
///
/// The time doubles while events come within it and halves while they do not, so that an idle process
/// soon sleeps at once, and tries again now and then.
struct SpinBudget {
    private(set) var nanoseconds: Int64 = most
    private var sleeps = 0

    private static let least: Int64 = 2_000
    private static let most: Int64 = 100_000
    /// Sleeps after which spinning is tried again.
    private static let patience = 64

    /// Events came while it looked for them.
    mutating func paid() { nanoseconds = min(max(nanoseconds, Self.least) * 2, Self.most) }

    /// It looked in vain, or not at all, and then slept for `slept` nanoseconds.
    mutating func slept(for slept: Int64) {
        if slept < Self.most {
            // A little more patience would have paid.
            nanoseconds = min(max(nanoseconds, Self.least) * 2, Self.most)
        } else if nanoseconds > 0 {
            nanoseconds = nanoseconds / 2 < Self.least ? 0 : nanoseconds / 2
            sleeps = 0
        } else {
            sleeps += 1
            if sleeps >= Self.patience { nanoseconds = Self.least }
        }
    }
}
