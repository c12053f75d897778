/// How a reactor waits for events.
package enum PollMode: String, CaseIterable, Sendable {
    /// Looks again and again: the shortest answers, for a whole processor.
    case busy
    /// Looks again and again for a moment, as long as that pays, and then sleeps.
    case adaptive
    /// Sleeps at once.
    case block
}

/// What reactors may do with the processors of their process, decided once at the start.
///
/// Spinning and pinning help only a process that has its processors to itself: with others on them it
/// takes their time, and under a quota it uses up what the work needs.
package struct PollPlan: Equatable, Sendable {
    package let mode: PollMode
    /// The processor of each reactor, by index; empty: none is pinned.
    package let processors: [Int]
    /// Why it is not as was asked; nil: it is.
    package let reason: String?

    /// `reactors`: how many threads will wait.
    package init(_ wanted: PollMode, reactors: Int, on share: ProcessorShare) {
        let obstacle: String? =
            if share.hasQuota {
                "the processor time of this process is limited by a quota"
            } else if !share.isExclusive {
                "this process has no processors to itself; give it some by its affinity"
            } else if share.processors.count < reactors {
                "there are \(reactors) reactors and \(share.processors.count) processors"
            } else {
                nil
            }
        guard wanted != .block, obstacle == nil else {
            mode = .block
            processors = []
            reason = wanted == .block ? nil : obstacle
            return
        }
        mode = wanted
        processors = Array(share.processors.prefix(reactors))
        reason = nil
    }

    package static let blocking = PollPlan(
        .block, reactors: 1, on: ProcessorShare(processors: [], onlineCount: 1, hasQuota: false))
}

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
