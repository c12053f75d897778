/// Which process a fault strikes.
package enum Victim: String, Sendable {
    case coordinator
    case shard
    case worker
    case serving
    case anybody

    func drawn(by plan: FaultPlan) -> String {
        let shards = Set(plan.cluster.shards.map(\.name)).sorted()
        let workers = Set(plan.cluster.workers.map(\.name)).sorted()
        let serving = Set(plan.cluster.serving.map(\.name)).sorted()
        return switch self {
        case .coordinator: "coordinator"
        case .shard: plan.oneOf(shards)
        case .worker: plan.oneOf(workers)
        case .serving: plan.oneOf(serving)
        case .anybody: plan.oneOf(["coordinator"] + shards + workers + serving)
        }
    }
}
