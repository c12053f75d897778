extension Fault {
    /// The stream by which a process follows the cluster map stands, and nothing comes through it.
    package static func deadWatch(_ victim: Victim, times: Int = 1) -> Fault {
        Fault(name: "dead watch of \(victim)") { plan in
            for _ in 0..<times {
                plan.once { end in
                    let name = victim.drawn(by: plan)
                    guard plan.cluster.deafenWatches(of: name) > 0 else { return false }
                    plan.say("\(name) hears no map")
                    end(true)
                    return true
                }
            }
        }
    }
}
