import LehrCore
import LehrRPC

extension Fault {
    /// Processes end as by `kill -9`, each in the middle of some exchange of messages, and come back
    /// after a while, before or after their leases have ended.
    package static func crash(
        _ victim: Victim, times: Int = 1, from least: Duration = .milliseconds(20),
        within most: Duration = .seconds(4)
    ) -> Fault {
        Fault(name: "crash of \(victim)") { plan in
            for _ in 0..<times {
                plan.once { end in
                    let name = victim.drawn(by: plan)
                    guard plan.cluster.isAlive(name) else { return false }
                    plan.cluster.atArrival(1 + plan.below(20)) {
                        process(of: $0.source) == name || process(of: $0.target) == name
                    } _: {
                        // Another fault may have been quicker.
                        guard plan.cluster.isAlive(name) else { return end(false) }
                        plan.say("kill \(name)")
                        plan.cluster.kill(name)
                        plan.after(plan.drawn(from: least, below: most)) {
                            plan.say("restart \(name)")
                            try? plan.cluster.restart(name)
                            end(true)
                        }
                    }
                    return true
                }
            }
        }
    }
}
