package import LehrCore

/// Who is alive, by the coordinator's clock: the table that grants, renews and ends leases.
///
/// The protocol, in full:
/// - `grant` gives a joining process an incarnation that no process had before, and a lease of one
///   TTL. A live member of the same name is replaced: its lease ends at once.
/// - `keepAlive` renews the lease of exactly that incarnation. A lease that has ended is never
///   renewed; its holder must join again and gets a new incarnation.
/// - `expire` ends the leases whose TTL has passed on this clock. The holder counts from when it
///   *sent* its keep-alive and gives up `2 * drift` of the TTL early, so it stops writing before
///   the table gives its partitions away (see `HeldLease`).
/// - After a restart, `restore` gives every lease a fresh full TTL: the table does not know which
///   renewals it missed. When the TTL was longer before, it is that one: a holder that heard of the
///   longer one writes on by it, so no renewal ever moves a lease's end back.
///
/// A pure value: the time comes in as an argument. Members are ordered by incarnation, so that no
/// decision depends on hashing.
package struct LeaseTable: Sendable {
    package let terms: LeaseTerms
    /// Ordered by incarnation.
    package private(set) var members: [Member] = []
    private var deadlines: [Instant] = []
    package private(set) var lastIncarnation: MemberIncarnation

    /// Members that may be alive at once; a process beyond it is refused.
    package static let memberCountMax = 50_000

    package enum Refusal: Error, Equatable {
        case full(max: Int)
        case unknownLease
    }

    package init(terms: LeaseTerms) {
        self.terms = terms
        lastIncarnation = MemberIncarnation(0)
    }

    /// The table as a restarted coordinator finds it: everybody has a full TTL from `now`.
    ///
    /// - Parameter grantedTTL: the longest TTL that a holder may have heard of before.
    package static func restore(
        _ members: [Member], lastIncarnation: MemberIncarnation, terms: LeaseTerms,
        grantedTTL: Duration, now: Instant, guards: Guards = .all
    ) -> LeaseTable {
        var table = LeaseTable(terms: terms)
        let granted = guards.contains(.restartKeepsLongerTTL) ? grantedTTL : terms.ttl
        let ttl = guards.contains(.restartRenewsLeases) ? max(granted, terms.ttl) : .zero
        table.members = members.sorted { $0.incarnation < $1.incarnation }
        table.deadlines = members.map { _ in now + ttl }
        table.lastIncarnation = max(
            lastIncarnation, table.members.last?.incarnation ?? lastIncarnation)
        return table
    }

    /// Takes a process in; also returns the older life of the same name, if one was alive.
    package mutating func grant(
        name: String, role: Role, coreAddresses: [String], httpAddress: String, now: Instant
    ) throws(Refusal) -> (member: Member, replaced: Member?) {
        let older = members.firstIndex { $0.name == name }
        guard older != nil || members.count < Self.memberCountMax else {
            throw .full(max: Self.memberCountMax)
        }
        let replaced = older.map { end(at: $0) }
        lastIncarnation = MemberIncarnation(lastIncarnation.value + 1)
        let member = Member(
            name: name, role: role, incarnation: lastIncarnation, coreAddresses: coreAddresses,
            httpAddress: httpAddress)
        members.append(member)
        deadlines.append(now + terms.ttl)
        return (member, replaced)
    }

    package mutating func keepAlive(
        _ incarnation: MemberIncarnation, now: Instant
    ) throws(Refusal) {
        // A lease whose time has passed has ended, whether or not `expire` ran in between.
        guard let index = position(of: incarnation), deadlines[index] > now else {
            throw .unknownLease
        }
        deadlines[index] = max(deadlines[index], now + terms.ttl)
    }

    /// Ends a lease at its holder's wish; nil when it had ended before.
    package mutating func revoke(_ incarnation: MemberIncarnation) -> Member? {
        position(of: incarnation).map { end(at: $0) }
    }

    /// Ends every lease whose TTL has passed, in order of incarnation.
    package mutating func expire(now: Instant) -> [Member] {
        let ended = zip(members, deadlines).filter { $1 <= now }.map { $0.0 }
        guard !ended.isEmpty else { return [] }
        // In one pass: half a cluster may end at once.
        members = zip(members, deadlines).filter { $1 > now }.map { $0.0 }
        deadlines.removeAll { $0 <= now }
        return ended
    }

    /// When the next lease ends unless it is renewed.
    package var nextExpiry: Instant? { deadlines.min() }

    package func member(_ incarnation: MemberIncarnation) -> Member? {
        position(of: incarnation).map { members[$0] }
    }

    package func remaining(of incarnation: MemberIncarnation, now: Instant) -> Duration? {
        position(of: incarnation).map { deadlines[$0] - now }
    }

    /// Binary search: members are ordered by incarnation.
    private func position(of incarnation: MemberIncarnation) -> Int? {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].incarnation < incarnation { low = middle + 1 } else { high = middle }
        }
        return low < members.count && members[low].incarnation == incarnation ? low : nil
    }

    private mutating func end(at index: Int) -> Member {
        deadlines.remove(at: index)
        return members.remove(at: index)
    }
}
