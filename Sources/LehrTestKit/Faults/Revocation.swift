extension Fault {
    /// An operator ends the lease of a process that is well, and knows nothing of it.
    package static func revocation(_ victim: Victim, times: Int = 1) -> Fault {
        Fault(name: "revocation of \(victim)") { plan in
            for _ in 0..<times {
                plan.once { end in
                    let name = victim.drawn(by: plan)
                    guard plan.cluster.isAlive(name), plan.cluster.isAlive("coordinator") else {
                        return false
                    }
                    plan.say("revoke the lease of \(name)")
                    plan.cluster.revoke(name, end)
                    return true
                }
            }
        }
    }
}
