package import LehrCore
package import LehrMembership

/// One durable fact. Records with the same key replace each other.
package enum StateRecord: Equatable, Codable {
    case cluster(ClusterRecord)
    case member(Member)
    case memberEnded(MemberIncarnation)
    case table(PlacedTable)
    case tableDropped(TableID)
    case job(JobRecord)
    case part(PartRecord)
    case evaluation(EvaluationRecord)
}

extension StateRecord {
    /// What a record is of: a later one with the same key takes its place.
    package struct Key: Hashable, Comparable {
        package let kind: String
        package let id: String

        package static func < (left: Self, right: Self) -> Bool {
            (left.kind, left.id) < (right.kind, right.id)
        }
    }

    package var key: Key {
        switch self {
        case .cluster: Key(kind: "cluster", id: "")
        case .member(let member): Key(kind: "member", id: "\(member.incarnation.value)")
        case .memberEnded(let incarnation): Key(kind: "member", id: "\(incarnation.value)")
        case .table(let table): Key(kind: "table", id: "\(table.id.value)")
        case .tableDropped(let id): Key(kind: "table", id: "\(id.value)")
        case .job(let job): Key(kind: "job", id: "\(job.id.value)")
        case .part(let part): Key(kind: "part", id: "\(part.job.value)/\(part.part)")
        case .evaluation(let evaluation):
            Key(kind: "evaluation", id: "\(evaluation.job.value)/\(evaluation.epoch)")
        }
    }

    /// Whether the record says that there is nothing under its key any more.
    var isRemoval: Bool {
        switch self {
        case .memberEnded, .tableDropped: true
        case .cluster, .member, .table, .job, .part, .evaluation: false
        }
    }
}

/// The cluster's identity and the counters that must never go back.
package struct ClusterRecord: Hashable, Codable, Sendable {
    package var id: ClusterID
    package var mapVersion: UInt64 = 1
    package var lastMember = MemberIncarnation(0)
    package var lastPartition: UInt64 = 0
    package var lastJob: UInt64 = 0
    package var lastTable: UInt32 = 0
    /// The longest TTL that a lease which still runs may have been granted under.
    package var grantedTTL: Duration?

    package init(id: ClusterID) { self.id = id }
}

/// All that a coordinator must find again.
package struct DurableState: Equatable {
    package var cluster: ClusterRecord?
    package var members: [Member] = []
    package var tables: [PlacedTable] = []
    package var jobs: [JobRecord] = []
    package var parts: [PartRecord] = []
    package var evaluations: [EvaluationRecord] = []

    package init() {}

    /// As a store would be given it.
    package var records: [StateRecord] {
        (cluster.map { [.cluster($0)] } ?? []) + members.map { .member($0) }
            + tables.map { .table($0) } + jobs.map { .job($0) } + parts.map { .part($0) }
            + evaluations.map { .evaluation($0) }
    }

    /// Adds a record whose key is not in here yet.
    mutating func append(_ record: StateRecord) {
        switch record {
        case .cluster(let record): cluster = record
        case .member(let member): members.append(member)
        case .table(let table): tables.append(table)
        case .job(let job): jobs.append(job)
        case .part(let part): parts.append(part)
        case .evaluation(let evaluation): evaluations.append(evaluation)
        case .memberEnded, .tableDropped: break
        }
    }
}
