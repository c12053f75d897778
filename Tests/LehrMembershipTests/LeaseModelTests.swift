import LehrCore
import LehrMembership
import Testing

/// The table against the plain version of its rules, which looks at every lease each time.
@Suite struct LeaseModelTests {
    private struct Plain {
        var leases: [(member: Member, end: Instant, renewed: Instant)] = []
        var lingering: [MemberIncarnation: Instant] = [:]
        let ttl: Duration

        func index(_ life: MemberIncarnation) -> Int? {
            leases.firstIndex { $0.member.incarnation == life }
        }

        mutating func renew(_ index: Int, _ now: Instant) {
            leases[index].end = max(leases[index].end, now + ttl)
            leases[index].renewed = now
        }

        mutating func end(_ index: Int) -> Member {
            lingering[leases[index].member.incarnation] = leases[index].end
            return leases.remove(at: index).member
        }

        mutating func expire(_ now: Instant) -> [Member] {
            let ended = leases.filter { $0.end <= now }.map(\.member)
            leases.removeAll { $0.end <= now }
            return ended
        }
    }

    @Test func everyDecisionIsThatOfThePlainRules() throws {
        let terms = LeaseTerms()
        var (ends, renewals, refusals, replacements) = (0, 0, 0, 0)
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            var now = Instant(nanoseconds: 1_000_000_000)
            var table = LeaseTable(terms: terms)
            var plain = Plain(ttl: terms.ttl)
            for step in 0..<600 {
                now = now + .milliseconds(Int64(random.below(500)))
                // One that may have ended long ago.
                let last = table.lastIncarnation.value
                let life = MemberIncarnation(last - UInt64(random.below(Int(min(last, 30)) + 1)))
                switch random.below(12) {
                case 0..<3:
                    let name = "m\(random.below(12))"
                    let older = plain.leases.firstIndex { $0.member.name == name }
                    let isFree = older.map {
                        plain.leases[$0].end <= now
                            || now - plain.leases[$0].renewed >= terms.patience
                    }
                    let grant = try? table.grant(
                        name: name, role: .worker, coreAddresses: [], httpAddress: "",
                        process: nil, now: now)
                    #expect((grant != nil) == (isFree ?? true), "seed \(seed), step \(step)")
                    guard let grant else {
                        refusals += 1
                        continue
                    }
                    #expect(grant.replaced == older.map { plain.end($0) })
                    replacements += older == nil ? 0 : 1
                    plain.leases.append((grant.member, now + terms.ttl, now))
                case 3..<9:
                    let index = plain.index(life).flatMap { plain.leases[$0].end > now ? $0 : nil }
                    let renewal: Void? = try? table.keepAlive(life, now: now)
                    #expect((renewal != nil) == (index != nil), "seed \(seed), step \(step)")
                    if let index {
                        plain.renew(index, now)
                        renewals += 1
                    }
                case 9:
                    #expect(table.revoke(life) == plain.index(life).map { plain.end($0) })
                case 10 where random.below(20) == 0:
                    table.renewAll(now: now)
                    for index in plain.leases.indices { plain.renew(index, now) }
                default:
                    let ended = table.expire(now: now)
                    #expect(ended == plain.expire(now), "seed \(seed), step \(step)")
                    ends += ended.count
                }
                #expect(table.members == plain.leases.map(\.member), "seed \(seed), step \(step)")
                if let end = plain.leases.map(\.end).min() {
                    let next = try #require(table.nextExpiry)
                    #expect(next <= end, "nobody may be forgotten")
                }
                let isSilent =
                    plain.index(life) == nil && (plain.lingering[life].map { $0 <= now } ?? true)
                #expect(table.isSilent(life, now: now) == isSilent, "seed \(seed), step \(step)")
                for lease in plain.leases {
                    let left = table.remaining(of: lease.member.incarnation, now: now)
                    #expect(left == lease.end - now)
                    #expect(table.member(named: lease.member.name) == lease.member)
                }
            }
        }
        #expect(ends > 500 && renewals > 500 && refusals > 500 && replacements > 100)
    }

    /// Renewals alone must not keep its owner busy: each lease is looked at about once a TTL.
    @Test func aTableThatIsOnlyRenewedRarelyAsksToBeSwept() throws {
        var table = LeaseTable(terms: LeaseTerms())
        var now = Instant(nanoseconds: 0)
        for index in 0..<200 {
            _ = try table.grant(
                name: "m\(index)", role: .worker, coreAddresses: [], httpAddress: "", process: nil,
                now: now)
            now = now + .milliseconds(15)
        }
        var sweeps = 0
        for beat in 0..<10_000 {
            let life = MemberIncarnation(UInt64(beat % 200) + 1)
            while let next = table.nextExpiry, next <= now {
                #expect(table.expire(now: now).isEmpty)
                sweeps += 1
            }
            try table.keepAlive(life, now: now)
            now = now + .milliseconds(15)
        }
        #expect(sweeps > 0 && sweeps <= 200 * 16, "150 seconds are 15 times a TTL")
    }
}
