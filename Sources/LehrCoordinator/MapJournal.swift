import LehrCore
import LehrMembership

/// What the last versions of the cluster map have changed, so that who knows one of them need not be
/// told all of the map again.
struct MapJournal {
    private enum Change {
        case came(Member)
        case left(MemberIncarnation)
        case placed(PlacedTable)
        case dropped(TableID)
    }

    /// With the version that has it; ascending.
    private var changes: [(version: UInt64, change: Change)] = []
    /// Changes up to this version are forgotten.
    private var floor: UInt64
    private(set) var version: UInt64

    /// Beyond it the older half is forgotten.
    static let changeCountMax = 4096

    init(version: UInt64) {
        floor = version
        self.version = version
    }

    /// Notes the records of the decisions that have led to `version`.
    mutating func note(_ records: [StateRecord], version: UInt64) {
        for record in records {
            switch record {
            case .member(let member): changes.append((version, .came(member)))
            case .memberEnded(let incarnation): changes.append((version, .left(incarnation)))
            case .table(let table): changes.append((version, .placed(table)))
            case .tableDropped(let id): changes.append((version, .dropped(id)))
            case .cluster, .job, .part, .evaluation: break
            }
        }
        self.version = version
        guard changes.count > Self.changeCountMax else { return }
        floor = changes[changes.count / 2].version
        changes.removeSubrange(..<firstIndex(after: floor))
    }

    /// How many changes there are since a version; nil: some of them are forgotten.
    func count(since base: UInt64) -> Int? {
        base >= floor && base <= version ? changes.count - firstIndex(after: base) : nil
    }

    /// What has changed since `base`; nil: some of it is forgotten.
    func changes(since base: UInt64, in cluster: ClusterID) -> ClusterMapChange? {
        guard base >= floor, base <= version else { return nil }
        var sum = ClusterMapChange(cluster: cluster, base: base, version: version)
        for (_, change) in changes[firstIndex(after: base)...] {
            switch change {
            case .came(let member): sum.add(member)
            case .left(let incarnation): sum.left.append(incarnation)
            case .placed(let table): sum.placed.append(table)
            case .dropped(let id): sum.dropped.append(id)
            }
        }
        return sum
    }

    private func firstIndex(after version: UInt64) -> Int {
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].version <= version { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
