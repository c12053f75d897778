import LehrCore

extension Fault {
    /// Shards are told to stop, as by SIGTERM: they leave, wait a while for calls to end, and are
    /// gone until they are started again.
    package static func stop(times: Int = 1) -> Fault {
        Fault(name: "stop of shard") { plan in
            for _ in 0..<times {
                plan.once { end in
                    let name = Victim.shard.drawn(by: plan)
                    guard plan.cluster.isAlive(name) else { return false }
                    plan.say("stop \(name)")
                    plan.cluster.stopShard(name)
                    plan.after(plan.drawn(from: .milliseconds(100), below: .seconds(2))) {
                        plan.say("end of \(name)")
                        plan.cluster.kill(name)
                        plan.after(plan.drawn(from: .milliseconds(20), below: .seconds(4))) {
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
