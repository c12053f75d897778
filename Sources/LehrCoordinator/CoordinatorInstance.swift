package import LehrCore
package import LehrMembership
package import LehrPlacement

/// Every decision of the coordinator: who is alive, who owns what, who does what next.
///
/// A pure value. Each method takes the time and returns directives for the shell (`Directive`); the
/// state that they make durable is enough to come back as the same coordinator (`restore`).
package struct CoordinatorInstance: Sendable {
    package internal(set) var cluster: ClusterRecord
    package internal(set) var leases: LeaseTable
    /// Ordered by id.
    package internal(set) var tables: [PlacedTable] = []
    /// Ordered by id.
    package internal(set) var jobs: [JobLedger] = []
    /// Until when leases may run that were granted under a longer TTL before a restart.
    var longLeasesEnd: Instant?
    let placer: any Placer
    let guards: Guards

    /// Jobs kept, running or ended. Beyond it the oldest ended one is needed gone: refused.
    static let jobCountMax = 1000
    static let nameBytesMax = 64
    static let coreCountMax = 1024
    /// A host name has at most 253 bytes.
    static let addressBytesMax = 262

    /// A new cluster.
    package init(
        id: ClusterID, terms: LeaseTerms, placer: any Placer, guards: Guards = .all
    ) {
        cluster = ClusterRecord(id: id)
        cluster.grantedTTL = terms.ttl
        leases = LeaseTable(terms: terms)
        self.placer = placer
        self.guards = guards
    }

    /// The coordinator that `state` was written by; every lease gets a full TTL from `now`.
    ///
    /// Its `cluster` is to be made durable before anybody is answered: leases may be longer now.
    package static func restore(
        _ state: DurableState, terms: LeaseTerms, placer: any Placer, now: Instant,
        guards: Guards = .all
    ) -> CoordinatorInstance? {
        guard let cluster = state.cluster else { return nil }
        var instance = CoordinatorInstance(
            id: cluster.id, terms: terms, placer: placer, guards: guards)
        instance.cluster = cluster
        if !guards.contains(.restartKeepsVersion) { instance.cluster.mapVersion = 1 }
        let granted = cluster.grantedTTL ?? terms.ttl
        instance.cluster.grantedTTL = max(granted, terms.ttl)
        if granted > terms.ttl { instance.longLeasesEnd = now + granted }
        let owners = Set(state.tables.flatMap(\.partitions).map(\.owner))
        instance.leases = .restore(
            state.members, owners: owners, lastIncarnation: cluster.lastMember, terms: terms,
            grantedTTL: granted, now: now, guards: guards)
        instance.tables = state.tables.sorted { $0.id < $1.id }
        let parts = Dictionary(grouping: state.parts, by: \.job)
        let evaluations = Dictionary(grouping: state.evaluations, by: \.job)
        let workers = guards.contains(.restartKeepsHolders) ? state.members.map(\.incarnation) : []
        instance.jobs = state.jobs.sorted { $0.id < $1.id }.map { job in
            JobLedger(
                record: job, parts: parts[job.id] ?? [], evaluations: evaluations[job.id] ?? [],
                workers: Set(workers))
        }
        return instance
    }

    package var map: ClusterMap {
        ClusterMap(
            cluster: cluster.id, version: cluster.mapVersion, members: leases.members,
            tables: tables)
    }

    /// Counts a change of the map, which may let moves go on that wait for it; comes after the records of the change itself.
    mutating func mapChanged() -> [Directive] {
        let moves = goOnDraining()
        cluster.mapVersion += 1
        cluster.lastMember = leases.lastIncarnation
        return moves + [.save(.cluster(cluster)), .publishMap]
    }
}
