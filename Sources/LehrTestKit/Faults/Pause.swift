import LehrCore

extension Fault {
    /// Processes are stopped and go on later, with what they knew and believed before.
    package static func pause(
        _ victim: Victim, times: Int = 1, from least: Duration = .milliseconds(100),
        for most: Duration = .seconds(6)
    ) -> Fault {
        Fault(name: "pause of \(victim)") { plan in
            for _ in 0..<times {
                plan.once { end in
                    let name = victim.drawn(by: plan)
                    guard plan.cluster.isAlive(name) else { return false }
                    let duration = plan.drawn(from: least, below: most)
                    plan.say("pause \(name) for \(duration.milliseconds) ms")
                    plan.cluster.pause(name, for: duration)
                    plan.after(duration) {
                        plan.say("\(name) goes on")
                        end(true)
                    }
                    return true
                }
            }
        }
    }
}
