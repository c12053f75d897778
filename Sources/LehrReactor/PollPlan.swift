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
            if share.quota != nil {
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
        .block, reactors: 1, on: ProcessorShare(processors: [], onlineCount: 1, quota: nil))
}
