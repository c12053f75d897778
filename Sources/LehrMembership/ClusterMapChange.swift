package import LehrCore

/// What has changed from one version of the cluster map to another.
package struct ClusterMapChange: Sendable, Equatable {
    package var cluster: ClusterID
    /// The version, or a later one, that it is to be applied to.
    package var base: UInt64
    package var version: UInt64
    /// Members that have joined, or say something else of themselves, ordered by incarnation; some of
    /// them may have `left` again.
    package var came: [Member]
    package var left: [MemberIncarnation]
    /// Tables that are new or have other owners, in the order of the changes.
    package var placed: [PlacedTable]
    package var dropped: [TableID]

    /// It is not in order.
    package struct Mismatch: Error, Equatable {}

    package init(
        cluster: ClusterID, base: UInt64, version: UInt64, came: [Member] = [],
        left: [MemberIncarnation] = [], placed: [PlacedTable] = [], dropped: [TableID] = []
    ) {
        self.cluster = cluster
        self.base = base
        self.version = version
        self.came = came
        self.left = left
        self.placed = placed
        self.dropped = dropped
    }

    /// Adds a member that came last, or said something else of itself.
    package mutating func add(_ member: Member) { came.put(member) }

    /// How many members and tables it is about.
    package var count: Int { came.count + left.count + placed.count + dropped.count }
}

extension ClusterMap {
    /// Brings the map to the change's version, or leaves a later one as it is; false: the change is
    /// of versions after this map's.
    ///
    /// A map between the change's two versions has some of it already, which does no harm: what has
    /// gone never comes back, and of a table's placements the last one counts.
    package mutating func apply(
        _ change: ClusterMapChange
    ) throws(ClusterMapChange.Mismatch) -> Bool {
        guard change.base <= version else { return false }
        guard change.version > version else { return true }
        let order = change.came.map(\.incarnation)
        guard zip(order, order.dropFirst()).allSatisfy(<) else {
            throw ClusterMapChange.Mismatch()
        }
        // Those that came and went again may be of before the last that is known here.
        let last = members.last?.incarnation ?? MemberIncarnation(0)
        for member in change.came
        where member.incarnation > last || self.member(member.incarnation) != nil {
            members.put(member)
        }
        let left = Set(change.left)
        if !left.isEmpty { members.removeAll { left.contains($0.incarnation) } }
        for table in change.placed { place(table) }
        let dropped = Set(change.dropped)
        if !dropped.isEmpty { tables.removeAll { dropped.contains($0.id) } }
        version = change.version
        return true
    }

    private mutating func place(_ table: PlacedTable) {
        let index = tables.firstIndex { $0.id >= table.id } ?? tables.endIndex
        if index < tables.endIndex, tables[index].id == table.id {
            tables[index] = table
        } else {
            tables.insert(table, at: index)
        }
    }
}

extension [Member] {
    /// Puts a member where its incarnation belongs, in place of what was known of it.
    fileprivate mutating func put(_ member: Member) {
        var index = endIndex
        while index > 0, self[index - 1].incarnation > member.incarnation { index -= 1 }
        if index > 0, self[index - 1].incarnation == member.incarnation {
            self[index - 1] = member
        } else {
            insert(member, at: index)
        }
    }
}
