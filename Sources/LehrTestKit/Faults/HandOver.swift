import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC

extension Fault {
    /// A shard that has just come gets a partition of a running job, and ends as by `kill -9` before the
    /// coordinator knows that it knows.
    package static func crashAtHandOver(times: Int = 1) -> Fault {
        handOver("crash at a hand-over", times) { plan, shard, end in
            plan.say("kill \(shard), which has just been made an owner")
            plan.cluster.kill(shard)
            end(true)
        }
    }

    /// Such a shard goes on, and nothing that it says reaches the coordinator until its lease has ended.
    package static func silenceAtHandOver(times: Int = 1) -> Fault {
        handOver("silence at a hand-over", times) { plan, shard, end in
            plan.say("\(shard), which has just been made an owner, is not heard any more")
            plan.cluster.add(
                LinkRule(
                    from: shard, to: "coordinator", .held(spread: .milliseconds(400)),
                    until: plan.cluster.time.now + silence))
            plan.after(silence) { end(true) }
        }
    }

    private static let silence = Duration.seconds(15)

    private static func handOver(
        _ name: String, _ times: Int, strike: @escaping HandOver.Strike
    ) -> Fault {
        Fault(name: name) { plan in
            for _ in 0..<times {
                plan.once { end in
                    HandOver(plan, strike).begin(end)
                    return true
                }
            }
        }
    }
}

private struct HandOver {
    typealias Strike = @Sendable (FaultPlan, String, @escaping (Bool) -> Void) -> Void

    private let plan: FaultPlan
    private let strike: Strike
    private let shard: String

    private static let interval = Duration.milliseconds(5)
    /// A hand-over is soon over.
    private static let shortInterval = Duration.milliseconds(1)
    /// In intervals: until it is begun anew.
    private static let patience = 2000

    init(_ plan: FaultPlan, _ strike: @escaping Strike) {
        self.plan = plan
        self.strike = strike
        // The dead stay in the list: no other shard has had the name.
        shard = "shard-late-\(plan.cluster.shards.count)"
    }

    func begin(_ end: @escaping (Bool) -> Void) {
        plan.say("start \(shard)")
        try? plan.cluster.restart(shard)
        give(end, Self.patience)
    }

    /// Gives it a partition as soon as there is a running job that it has nothing of.
    private func give(_ end: @escaping (Bool) -> Void, _ patience: Int) {
        guard patience > 0, plan.cluster.isAlive(shard) else { return stop(end) }
        guard let id = partition() else {
            return plan.after(Self.interval) { give(end, patience - 1) }
        }
        plan.cluster.move(id, to: shard, core: 0) { isTaken in
            if isTaken { wait(for: id, end, Self.patience) } else { stop(end) }
        }
    }

    private func partition() -> PartitionID? {
        guard let instance = plan.cluster.coordinator?.shell.instance,
            instance.leases.member(named: shard) != nil
        else { return nil }
        for job in instance.jobs where job.record.state == .running {
            let tables = instance.map.tables(of: job.id)
            let names = Set(tables.flatMap(\.partitions).map(\.ownerName))
            if let table = tables.first, !names.contains(shard) {
                return PartitionID(table: table.id, index: 0)
            }
        }
        return nil
    }

    private func wait(for id: PartitionID, _ end: @escaping (Bool) -> Void, _ patience: Int) {
        let map = plan.cluster.coordinator?.shell.instance.map
        let placed = map?.table(id.table)?.partitions[Int(id.index)]
        guard patience > 0, plan.cluster.isAlive(shard), map == nil || placed?.move != nil else {
            return stop(end)
        }
        guard placed?.move?.phase == .handedOver else {
            return plan.after(Self.shortInterval) { wait(for: id, end, patience - 1) }
        }
        strike(plan, shard, end)
    }

    /// It may have partitions of later jobs by now: once more from the beginning.
    private func stop(_ end: (Bool) -> Void) {
        if plan.cluster.isAlive(shard) { plan.cluster.kill(shard) }
        end(false)
    }
}
