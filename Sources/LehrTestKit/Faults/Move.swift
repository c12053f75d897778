import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership

extension Fault {
    /// Partitions of a running job get other owners, each once it is there.
    package static func moves(times: Int) -> Fault {
        Fault(name: "moves") { plan in
            for _ in 0..<times {
                plan.once { end in
                    guard let move = PlannedMove(plan) else { return false }
                    move.begin(end)
                    return true
                }
            }
        }
    }
}

/// A partition of a running job, and a core that does not own it.
private struct PlannedMove {
    private let plan: FaultPlan
    private let id: PartitionID
    private let shard: SandboxShard
    private let core: Int

    private static let patience = Duration.milliseconds(20)

    /// Nil: nothing can move now.
    init?(_ plan: FaultPlan) {
        guard let instance = plan.cluster.coordinator?.shell.instance else { return nil }
        let running = Set(instance.jobs.filter { $0.record.state == .running }.map(\.id))
        let tables = instance.tables.filter { running.contains($0.job) }
        let shards = plan.cluster.shards.filter(\.isAlive)
        guard !tables.isEmpty, !shards.isEmpty else { return nil }
        let table = plan.oneOf(tables)
        self.plan = plan
        id = PartitionID(
            table: table.id, index: UInt32(plan.below(table.partitions.count)))
        shard = plan.oneOf(shards)
        core = plan.below(shard.cores.count)
    }

    func begin(_ end: @escaping (_ hadEffect: Bool) -> Void) {
        plan.cluster.move(id, to: shard.name, core: UInt32(core)) { isTaken in
            guard isTaken else { return end(false) }
            plan.say("move \(id.table.value)/\(id.index) to \(shard.name)/\(core)")
            look(end)
        }
    }

    /// Waits until the move is over; it had an effect if the partition is where it was to go.
    private func look(_ end: @escaping (Bool) -> Void) {
        guard let instance = plan.cluster.coordinator?.shell.instance else {
            return plan.after(Self.patience) { look(end) }
        }
        guard let table = instance.map.table(id.table) else { return end(false) }
        let placed = table.partitions[Int(id.index)]
        guard placed.move == nil else { return plan.after(Self.patience) { look(end) } }
        end(placed.ownerName == shard.name && placed.core == core)
    }
}
