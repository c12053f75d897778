extension Fault {
    /// The connections of a process break; callers cannot know what of their calls was done.
    package static func breaks(_ victim: Victim, times: Int) -> Fault {
        Fault(name: "broken connections of \(victim)") { plan in
            for _ in 0..<times {
                plan.once { end in
                    let name = victim.drawn(by: plan)
                    let calls = plan.cluster.breakConnections(from: name)
                    guard calls > 0 else { return false }
                    plan.say("break \(calls) calls of \(name)")
                    end(true)
                    return true
                }
            }
        }
    }
}
