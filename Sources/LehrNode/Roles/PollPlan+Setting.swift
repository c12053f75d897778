import LehrReactor
import Logging

extension PollPlan {
    /// The plan for as many reactors as a role has, on the processors of this process; says in the
    /// log when it cannot be as was asked.
    static func make(_ wanted: PollMode, reactors: Int, logger: Logger) -> PollPlan {
        let plan = PollPlan(wanted, reactors: reactors, on: .current())
        if let reason = plan.reason {
            // Adaptive is the default: that it does not apply is no surprise to anybody.
            logger.log(
                level: wanted == .busy ? .warning : .debug, "waiting for events blocks",
                metadata: ["asked": "\(wanted.rawValue)", "reason": "\(reason)"])
        }
        return plan
    }
}
