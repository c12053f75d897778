import LehrCluster
package import LehrCore
package import LehrMembership

/// Why the coordinator says no, for the caller and for people.
package enum CoordinatorRefusal: Error, Equatable, CustomStringConvertible {
    case invalid(String)
    case wrongCluster(mine: ClusterID, theirs: ClusterID)
    case full(String)
    /// Another process has the name that the caller wants.
    case taken(String)
    /// The caller's process has joined again since.
    case outdated
    case unknownLease(MemberIncarnation)
    case unknownJob(String)
    /// There is no such member, or not in the life that was meant.
    case unknownMember(String)
    case noPartition(String)
    /// A partition cannot go where it is wanted.
    case cannotMove(String)
    case noShards
    /// The caller speaks for somebody else than its certificate is of.
    case impostor(String)
    /// A decision could not be made durable: nothing is promised any more.
    case stopping

    package var description: String {
        switch self {
        case .invalid(let reason): reason
        case .wrongCluster(let mine, let theirs):
            """
            this is cluster \(mine), and you were a member of \(theirs); to join this one, \
            restart with a fresh state directory
            """
        case .full(let what): what
        case .taken(let what): what
        case .outdated: "this process has joined again since it sent this"
        case .unknownLease(let incarnation):
            "no lease of incarnation \(incarnation.value); join again"
        case .unknownJob(let job): "no job \"\(job)\"; `lehr job list` shows the jobs there are"
        case .unknownMember(let what): "\(what); `lehr members` shows those there are"
        case .noPartition(let what): "\(what); `lehr placement` shows those there are"
        case .cannotMove(let why): why
        case .noShards: "no shard has joined the cluster yet; start one with `lehr shard`"
        case .impostor(let reason): reason
        case .stopping: "this coordinator cannot write its state and stops; try again"
        }
    }
}

extension CoordinatorInstance {
    /// What a joining process says of itself.
    package struct JoinRequest: Equatable {
        package var name: String
        package var role: Role
        package var coreAddresses: [String]
        package var httpAddress: String
        /// The cluster of its earlier life, if any.
        package var cluster: ClusterID?
        /// Which process it is, and which of its lives this is to be; nil: it does not say.
        package var process: ProcessLife?

        package init(
            name: String, role: Role, coreAddresses: [String], httpAddress: String,
            cluster: ClusterID?, process: ProcessLife? = nil
        ) {
            self.name = name
            self.role = role
            self.coreAddresses = coreAddresses
            self.httpAddress = httpAddress
            self.cluster = cluster
            self.process = process
        }
    }

    package mutating func join(
        _ request: JoinRequest, now: Instant, unixMilliseconds: UInt64
    ) throws(CoordinatorRefusal) -> (member: Member, directives: [Directive]) {
        if let theirs = request.cluster, theirs != cluster.id {
            throw .wrongCluster(mine: cluster.id, theirs: theirs)
        }
        if let problem = request.problem { throw .invalid(problem) }
        let granted: LeaseTable.Grant
        do throws(LeaseTable.Refusal) {
            granted = try leases.grant(
                name: request.name, role: request.role, coreAddresses: request.coreAddresses,
                httpAddress: request.httpAddress, process: request.process, now: now)
        } catch {
            throw CoordinatorRefusal(error, to: request.name, patience: leases.terms.patience)
        }
        guard granted.isChange else { return (granted.member, []) }
        var directives: [Directive] = [.save(.member(granted.member))]
        if let replaced = granted.replaced {
            directives += ended(
                replaced, how: "another process joined under its name",
                unixMilliseconds: unixMilliseconds)
        }
        return (granted.member, directives + mapChanged())
    }

    package mutating func keepAlive(
        _ incarnation: MemberIncarnation, now: Instant
    ) throws(CoordinatorRefusal) {
        do throws(LeaseTable.Refusal) {
            try leases.keepAlive(incarnation, now: now)
        } catch {
            throw .unknownLease(incarnation)
        }
    }

    package mutating func leave(
        _ incarnation: MemberIncarnation, unixMilliseconds: UInt64
    ) -> [Directive] {
        guard let member = leases.revoke(incarnation) else { return [] }
        return ended(member, how: "it stopped", unixMilliseconds: unixMilliseconds) + mapChanged()
    }

    /// Ends a member's lease as an operator wants it.
    ///
    /// - Parameter incarnation: the life that is meant; nil: whichever has the name.
    /// - Returns: the member, and how long it may still believe in its lease.
    package mutating func revoke(
        _ name: String, _ incarnation: MemberIncarnation?, now: Instant, unixMilliseconds: UInt64
    ) throws(CoordinatorRefusal) -> (
        outcome: (member: Member, silentIn: Duration), directives: [Directive]
    ) {
        guard let member = leases.member(named: name) else {
            throw .unknownMember("no member \"\(name.prefix(Self.nameBytesMax))\"")
        }
        if let incarnation, incarnation != member.incarnation {
            throw .unknownMember(
                """
                \"\(name)\" is incarnation \(member.incarnation.value), and not \
                \(incarnation.value) any more
                """)
        }
        let left = leases.remaining(of: member.incarnation, now: now) ?? .zero
        _ = leases.revoke(member.incarnation)
        let directives = ended(
            member, how: "its lease was revoked by an operator", unixMilliseconds: unixMilliseconds)
        return ((member, max(left, .zero)), directives + mapChanged())
    }

    /// Gives every lease a full TTL if nobody has looked at them for more than a heartbeat after the
    /// first was due: the coordinator itself hung, and renewals may be waiting to be read.
    ///
    /// - Returns: how long it was away, or nil.
    package mutating func forgiveOwnAbsence(now: Instant) -> Duration? {
        guard guards.contains(.forgivesOwnAbsence), let due = leases.nextExpiry,
            now - due > leases.terms.heartbeat
        else { return nil }
        leases.renewAll(now: now)
        return now - due
    }

    /// Ends leases that were not renewed in time.
    package mutating func expire(now: Instant, unixMilliseconds: UInt64) -> [Directive] {
        let shortened = forgetLongLeases(now: now)
        let changes =
            leases.expire(now: now).flatMap {
                ended(
                    $0, how: "its lease ended without renewal", unixMilliseconds: unixMilliseconds)
            } + settleMoves(now: now)
        return changes.isEmpty ? shortened : shortened + changes + mapChanged()
    }

    /// Goes over to the present TTL once every lease under the longer one of before has run out.
    private mutating func forgetLongLeases(now: Instant) -> [Directive] {
        guard let end = longLeasesEnd, end <= now else { return [] }
        longLeasesEnd = nil
        cluster.grantedTTL = leases.terms.ttl
        return [.save(.cluster(cluster))]
    }

    /// A member is gone: what it held goes on elsewhere, or is lost with it.
    private mutating func ended(
        _ member: Member, how: String, unixMilliseconds: UInt64
    ) -> [Directive] {
        var directives: [Directive] = [.save(.memberEnded(member.incarnation))]
        switch member.role {
        case .serving: break
        case .worker:
            for index in jobs.indices where !jobs[index].release(member.incarnation).isEmpty {
                directives += [.publishJob(jobs[index].id), .offerTasks]
            }
        case .shard:
            let place = member.coreAddresses.first.map { " (\($0))" } ?? ""
            let loss = "shard \(member.name)\(place) was lost: \(how)"
            let lost = Set(tables.filter { $0.partitions.contains(where: isLost) }.map(\.job))
            for job in lost.sorted() {
                directives += lose(job, loss, unixMilliseconds: unixMilliseconds)
            }
            directives += endMoves(to: member.incarnation)
        }
        return directives
    }

    /// The rows of a job are gone, some of them at least.
    mutating func lose(
        _ job: JobID, _ loss: String, unixMilliseconds: UInt64
    ) -> [Directive] {
        guard let index = jobs.firstIndex(where: { $0.id == job }) else {
            return dropTables(of: job)
        }
        if jobs[index].record.state == .running {
            jobs[index].end(
                .failed, message: "\(loss); the rows it owned are gone",
                unixMilliseconds: unixMilliseconds)
        } else {
            jobs[index].note(message: "\(loss); the job's tables can no longer be exported")
        }
        return dropTables(of: job) + [.save(.job(jobs[index].record)), .publishJob(job)]
    }

    /// Forgets a job's tables; the caller counts the change of the map.
    mutating func dropTables(of job: JobID) -> [Directive] {
        let dropped = tables.filter { $0.job == job }.map(\.id)
        tables.removeAll { $0.job == job }
        return dropped.map { .save(.tableDropped($0)) }
    }
}

extension CoordinatorRefusal {
    /// Why a process cannot have a name.
    fileprivate init(_ refusal: LeaseTable.Refusal, to name: String, patience: Duration) {
        switch refusal {
        case .full(let max): self = .full("the cluster has \(max) members, the most it takes")
        case .unknownLease, .outdated: self = .outdated
        case .taken(let holder, let silent):
            let place = holder.coreAddresses.first.map { " at \($0)" } ?? ""
            self = .taken(
                """
                another \(holder.role.rawValue)\(place) has the name "\(name)" and renewed its \
                lease \(max(silent.milliseconds, 0)) ms ago; give this one another name, or end that \
                one: after \(patience.milliseconds) ms of silence its name is free
                """)
        }
    }
}

extension CoordinatorInstance.JoinRequest {
    /// What is wrong with it, or nil.
    fileprivate var problem: String? {
        let allowed = name.utf8.allSatisfy {
            ($0 >= 48 && $0 <= 57) || ($0 | 32 >= 97 && $0 | 32 <= 122)
                || [45, 46, 95].contains($0)
        }
        let limit = CoordinatorInstance.nameBytesMax
        guard !name.isEmpty, name.utf8.count <= limit, allowed else {
            return """
                member name "\(name.prefix(limit))": expected 1 to \(limit) letters, digits, \
                dots, dashes and underscores
                """
        }
        guard coreAddresses.count <= CoordinatorInstance.coreCountMax else {
            return "\(coreAddresses.count) cores; at most \(CoordinatorInstance.coreCountMax)"
        }
        guard role != .shard || !coreAddresses.isEmpty else {
            return "a shard gives the address of at least one core"
        }
        let longest = (coreAddresses + [httpAddress]).map(\.utf8.count).max() ?? 0
        guard longest <= CoordinatorInstance.addressBytesMax else {
            return
                "an address of \(longest) bytes; at most \(CoordinatorInstance.addressBytesMax)"
        }
        return nil
    }
}
