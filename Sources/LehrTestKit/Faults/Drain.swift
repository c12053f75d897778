import LehrCoordinator
import LehrCore
import LehrMembership

extension Fault {
    /// Shards are drained while jobs run, end once they have nothing left, and come back after a while.
    package static func drain(times: Int = 1) -> Fault {
        Fault(name: "drain") { plan in
            for _ in 0..<times {
                plan.once { end in
                    let name = Victim.shard.drawn(by: plan)
                    guard plan.cluster.isAlive(name) else { return false }
                    plan.cluster.drain(name) { isTaken in
                        guard isTaken else { return end(false) }
                        plan.say("drain \(name)")
                        look(plan, name, end)
                    }
                    return true
                }
            }
        }
    }

    private static let interval = Duration.milliseconds(20)

    private static func look(
        _ plan: FaultPlan, _ name: String, _ end: @escaping (Bool) -> Void
    ) {
        guard plan.cluster.isAlive(name) else { return end(false) }
        guard let map = plan.cluster.coordinator?.shell.instance.map,
            let life = map.members.first(where: { $0.name == name })
        else { return plan.after(interval) { look(plan, name, end) } }
        // Its lease has ended meanwhile, and nobody drains the life that it leads now.
        guard life.isDraining else { return end(false) }
        guard map.isDrained(life.incarnation) else {
            return plan.after(interval) { look(plan, name, end) }
        }
        plan.say("\(name) has nothing left and ends")
        plan.cluster.kill(name)
        plan.after(plan.drawn(from: .milliseconds(20), below: .seconds(4))) {
            try? plan.cluster.restart(name)
            end(true)
        }
    }
}
