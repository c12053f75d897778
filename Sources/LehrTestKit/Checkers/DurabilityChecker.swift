import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership

/// A restarted coordinator has forgotten nothing that anybody can have heard of: it comes back with
/// the state of the last decision, or with one more that it had made durable and told nobody.
final class DurabilityChecker: Checker {
    /// What of an instance has to outlive it.
    private struct Durable: Equatable {
        let cluster: ClusterRecord
        let members: [Member]
        let tables: [PlacedTable]
        let jobs: [JobRecord]
        let parts: [PartRecord]
        let evaluations: [EvaluationRecord]

        init(_ instance: CoordinatorInstance) {
            cluster = instance.cluster
            members = instance.leases.members
            tables = instance.tables
            jobs = instance.jobs.map(\.record)
            parts = instance.jobs.flatMap(\.parts)
            evaluations = instance.jobs.flatMap(\.evaluations)
        }

        /// What is not the same, by name.
        func differences(from other: Durable) -> String {
            let found = [
                ("cluster", cluster != other.cluster), ("members", members != other.members),
                ("tables", tables != other.tables), ("jobs", jobs != other.jobs),
                ("parts", parts != other.parts), ("evaluations", evaluations != other.evaluations),
            ]
            return found.filter(\.1).map(\.0).joined(separator: ", ")
        }
    }

    private(set) var violations: [String] = []
    private var told: Durable?
    private var untold: [Durable] = []
    /// Restarts judged.
    private(set) var restarts = 0

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        switch sighting {
        case .decided(let instance, let isHeard):
            let state = Durable(instance)
            if isHeard { (told, untold) = (state, []) } else { untold.append(state) }
        case .unrestorable(let reason):
            violations.append("the coordinator cannot come back: \(reason)")
        case .restored(let instance):
            let state = Durable(instance)
            defer { (told, untold) = (state, []) }
            guard let told else { return }
            restarts += 1
            guard state != told, !untold.contains(state) else { return }
            violations.append(
                "the coordinator came back with other \(state.differences(from: told)) than it had "
                    + "told")
        default: break
        }
    }
}
