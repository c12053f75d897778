extension Fault {
    /// The stream by which a process follows the cluster map stands, and nothing comes through it.
    package static func deadWatch(_ victim: Victim, times: Int = 1) -> Fault {
        dead("watch", of: victim, "/WatchClusterMap", times: times, "hears no map")
    }

    /// The stream by which a process renews its lease stands, and its renewals are not answered.
    package static func deadRenewals(_ victim: Victim, times: Int = 1) -> Fault {
        dead("renewals", of: victim, "/KeepAlive", times: times, "hears of no renewal")
    }

    private static func dead(
        _ what: String, of victim: Victim, _ method: String, times: Int, _ effect: String
    ) -> Fault {
        Fault(name: "dead \(what) of \(victim)") { plan in
            for _ in 0..<times {
                plan.once { end in
                    let name = victim.drawn(by: plan)
                    guard plan.cluster.deafen(name, to: method) > 0 else { return false }
                    plan.say("\(name) \(effect)")
                    end(true)
                    return true
                }
            }
        }
    }
}
