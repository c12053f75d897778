import HeapModule
package import LehrCore

/// Who is alive, by the coordinator's clock: the table that grants, renews and ends leases.
///
/// The protocol, in full:
/// - `grant` gives a joining process an incarnation that no process had before, and a lease of one
///   TTL. A process that joins again for the same life gets the incarnation that it has. Another
///   process gets a live member's name once that one has been silent for `LeaseTerms.patience`: the
///   older life's lease ends.
/// - `keepAlive` renews the lease of exactly that incarnation. A lease that has ended is never
///   renewed; its holder must join again and gets a new incarnation.
/// - `expire` ends the leases whose TTL has passed on this clock. The holder counts from when it
///   *sent* its keep-alive and gives up `2 * drift` of the TTL early, so it stops writing before
///   the table gives its partitions away (see `HeldLease`).
/// - A life that was ended before its time may not know it: it lingers until its lease would have
///   run out. What it wrote to is nobody else's before it `isSilent`.
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
    /// In step with `members`.
    private var leases: [Lease] = []
    private var names: [String: MemberIncarnation] = [:]
    /// Lives that were ended before their time, and when they fall silent.
    private var lingering: [MemberIncarnation: Instant] = [:]
    /// One entry for each life that is live or lingers, due when it ends or before: a renewal leaves it
    /// where it is. Those of lives that have gone are dropped when they are due.
    private var dues = Heap<Due>()
    package private(set) var lastIncarnation: MemberIncarnation
    /// Of the members.
    package private(set) var drainingCount = 0

    /// Members that may be alive at once; a process beyond it is refused.
    package static let memberCountMax = 50_000

    private struct Lease: Sendable {
        var end: Instant
        var renewed: Instant
    }

    private struct Due: Comparable, Sendable {
        let time: Instant
        let incarnation: MemberIncarnation

        static func < (left: Self, right: Self) -> Bool {
            (left.time, left.incarnation) < (right.time, right.incarnation)
        }
    }

    package enum Refusal: Error, Equatable {
        case full(max: Int)
        case unknownLease
        /// The process has begun a later life.
        case outdated
        /// Another process has the name, and renewed its lease that long ago.
        case taken(by: Member, silent: Duration)
    }

    package init(terms: LeaseTerms) {
        self.terms = terms
        lastIncarnation = MemberIncarnation(0)
    }

    /// The table as a restarted coordinator finds it: everybody has a full TTL from `now`.
    ///
    /// - Parameters:
    ///   - owners: lives that own something; those that are no members linger, as they may have been
    ///     ended just before.
    ///   - grantedTTL: the longest TTL that a holder may have heard of before.
    package static func restore(
        _ members: [Member], owners: Set<MemberIncarnation> = [],
        lastIncarnation: MemberIncarnation, terms: LeaseTerms, grantedTTL: Duration, now: Instant,
        guards: Guards = .all
    ) -> LeaseTable {
        var table = LeaseTable(terms: terms)
        let granted = guards.contains(.restartKeepsLongerTTL) ? grantedTTL : terms.ttl
        let ttl = guards.contains(.restartRenewsLeases) ? max(granted, terms.ttl) : .zero
        table.members = members.sorted { $0.incarnation < $1.incarnation }
        table.leases = members.map { _ in Lease(end: now + ttl, renewed: now) }
        for member in table.members { table.names[member.name] = member.incarnation }
        table.drainingCount = table.members.count(where: \.isDraining)
        for owner in owners where table.position(of: owner) == nil {
            table.lingering[owner] = now + ttl
        }
        table.layDues()
        table.lastIncarnation = max(
            lastIncarnation, table.members.last?.incarnation ?? lastIncarnation)
        return table
    }

    // MARK: - Decisions

    package struct Grant: Equatable, Sendable {
        package let member: Member
        /// The life that had the name before.
        package var replaced: Member?
        /// Whether the table is another one now, but for a lease's end.
        package var isChange = true
    }

    /// Takes a process in.
    package mutating func grant(
        name: String, role: Role, coreAddresses: [String], httpAddress: String,
        process: ProcessLife?, now: Instant
    ) throws(Refusal) -> Grant {
        let older = names[name].flatMap { position(of: $0) }
        if let older {
            if let same = try renewed(at: older, for: process, now: now) { return same }
        } else if members.count >= Self.memberCountMax {
            throw .full(max: Self.memberCountMax)
        }
        let replaced = older.map { end(at: $0) }
        lastIncarnation = MemberIncarnation(lastIncarnation.value + 1)
        let member = Member(
            name: name, role: role, incarnation: lastIncarnation, coreAddresses: coreAddresses,
            httpAddress: httpAddress, process: process)
        members.append(member)
        leases.append(Lease(end: now + terms.ttl, renewed: now))
        names[name] = lastIncarnation
        dues.insert(Due(time: now + terms.ttl, incarnation: lastIncarnation))
        return Grant(member: member, replaced: replaced)
    }

    /// The present holder of a name, renewed, if `process` is that holder and its lease has not ended;
    /// nil: a new life may take the name. Otherwise a refusal.
    private mutating func renewed(
        at index: Int, for process: ProcessLife?, now: Instant
    ) throws(Refusal) -> Grant? {
        let (holder, lease) = (members[index], leases[index])
        guard let process, process.process == holder.process?.process else {
            let silent = now - lease.renewed
            guard lease.end <= now || silent >= terms.patience else {
                throw .taken(by: holder, silent: silent)
            }
            return nil
        }
        guard process.life >= holder.process?.life ?? 0 else { throw .outdated }
        guard lease.end > now else { return nil }
        members[index].process = process
        renew(at: index, now: now)
        return Grant(member: members[index], isChange: process != holder.process)
    }

    package mutating func keepAlive(
        _ incarnation: MemberIncarnation, now: Instant
    ) throws(Refusal) {
        // A lease whose time has passed has ended, whether or not `expire` ran in between.
        guard let index = position(of: incarnation), leases[index].end > now else {
            throw .unknownLease
        }
        renew(at: index, now: now)
    }

    /// Ends a lease before its time; nil when it had ended before.
    package mutating func revoke(_ incarnation: MemberIncarnation) -> Member? {
        position(of: incarnation).map { end(at: $0) }
    }

    /// Notes whether a member is being drained; nil when that is known, or its lease has ended.
    package mutating func note(
        _ incarnation: MemberIncarnation, isDraining: Bool
    ) -> Member? {
        guard let index = position(of: incarnation), members[index].isDraining != isDraining
        else { return nil }
        members[index].isDraining = isDraining
        drainingCount += isDraining ? 1 : -1
        return members[index]
    }

    /// Ends every lease whose TTL has passed, in order of incarnation.
    package mutating func expire(now: Instant) -> [Member] {
        var ended: [Int] = []
        while let due = dues.min, due.time <= now {
            dues.removeMin()
            let index = position(of: due.incarnation)
            guard let end = index.map({ leases[$0].end }) ?? lingering[due.incarnation] else {
                continue
            }
            if end > now {
                dues.insert(Due(time: end, incarnation: due.incarnation))
            } else if let index {
                ended.append(index)
            } else {
                lingering[due.incarnation] = nil
            }
        }
        guard !ended.isEmpty else { return [] }
        // In one pass: half a cluster may end at once.
        let gone = RangeSet(ended, within: members)
        let before = ended.sorted().map { members[$0] }
        for member in before {
            names[member.name] = nil
            if member.isDraining { drainingCount -= 1 }
        }
        members.removeSubranges(gone)
        leases.removeSubranges(gone)
        return before
    }

    /// Gives everybody a full TTL from `now`, as after a restart.
    package mutating func renewAll(now: Instant) {
        for index in leases.indices { renew(at: index, now: now) }
        layDues()
    }

    // MARK: - What is known

    /// Until then no lease ends, and none falls silent that lingers; `expire` is to be called then.
    package var nextExpiry: Instant? { dues.min?.time }

    /// Whether a life writes no more: its lease has ended, and for longer than its holder can believe
    /// in it.
    package func isSilent(_ incarnation: MemberIncarnation, now: Instant) -> Bool {
        guard position(of: incarnation) == nil else { return false }
        return lingering[incarnation].map { $0 <= now } ?? true
    }

    package func member(_ incarnation: MemberIncarnation) -> Member? {
        position(of: incarnation).map { members[$0] }
    }

    package func member(named name: String) -> Member? { names[name].flatMap { member($0) } }

    package func remaining(of incarnation: MemberIncarnation, now: Instant) -> Duration? {
        position(of: incarnation).map { leases[$0].end - now }
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

    // MARK: - Steps

    private mutating func renew(at index: Int, now: Instant) {
        leases[index] = Lease(end: max(leases[index].end, now + terms.ttl), renewed: now)
    }

    private mutating func end(at index: Int) -> Member {
        let member = members.remove(at: index)
        lingering[member.incarnation] = leases.remove(at: index).end
        names[member.name] = nil
        if member.isDraining { drainingCount -= 1 }
        return member
    }

    private mutating func layDues() {
        let live = zip(members, leases).map { Due(time: $1.end, incarnation: $0.incarnation) }
        dues = Heap(live + lingering.map { Due(time: $1, incarnation: $0) })
    }
}
