import LehrCore
import LehrMembership
import Testing

@Suite struct LeaseTableTests {
    private let terms = LeaseTerms(ttl: .seconds(10), heartbeat: .seconds(3), drift: 0.05)
    private let start = Instant(nanoseconds: 5_000_000_000)

    private func grant(
        _ table: inout LeaseTable, _ name: String, role: Role = .worker,
        by process: ProcessLife? = nil, at time: Instant
    ) throws -> LeaseTable.Grant {
        try table.grant(
            name: name, role: role, coreAddresses: ["\(name):1"], httpAddress: "\(name):2",
            process: process, now: time)
    }

    private func life(_ life: UInt32, of process: UInt64) -> ProcessLife {
        ProcessLife(process: process, life: life)
    }

    @Test func aGrantNamesALifeThatNobodyHadBefore() throws {
        var table = LeaseTable(terms: terms)
        let first = try grant(&table, "a", at: start)
        let second = try grant(&table, "b", role: .shard, at: start)
        #expect(first.member.incarnation.value == 1)
        #expect(second.member.incarnation.value == 2)
        #expect(first.replaced == nil && second.replaced == nil)
        #expect(table.member(second.member.incarnation) == second.member)
        #expect(second.member.coreAddresses == ["b:1"] && second.member.role == .shard)
        #expect(table.revoke(first.member.incarnation) == first.member)
        #expect(table.revoke(first.member.incarnation) == nil)
        #expect(try grant(&table, "a", at: start).member.incarnation.value == 3)
    }

    @Test func aNamesakeReplacesALifeThatHasBeenSilentForLong() throws {
        for silent in [Duration.seconds(5), .seconds(10)] {
            var table = LeaseTable(terms: terms)
            let first = try grant(&table, "a", by: life(1, of: 7), at: start).member
            let other = try grant(&table, "b", at: start).member
            let second = try grant(
                &table, "a", role: .serving, by: life(1, of: 8), at: start + silent)
            #expect(second.replaced == first && second.isChange)
            #expect(table.members == [other, second.member])
            #expect(table.member(named: "a") == second.member)
            #expect(throws: LeaseTable.Refusal.unknownLease) {
                try table.keepAlive(first.incarnation, now: start + silent)
            }
        }
    }

    @Test func aLifeThatRenewsKeepsItsName() throws {
        var table = LeaseTable(terms: terms)
        let first = try grant(&table, "a", by: life(1, of: 7), at: start).member
        try table.keepAlive(first.incarnation, now: start + .seconds(3))
        let before = start + .nanoseconds(7_999_999_999)
        for process in [nil, life(1, of: 8), life(9, of: 8)] {
            #expect(
                throws: LeaseTable.Refusal.taken(by: first, silent: before - start - .seconds(3))
            ) {
                try grant(&table, "a", by: process, at: before)
            }
        }
        #expect(table.members == [first] && table.lastIncarnation == first.incarnation)
        #expect(try grant(&table, "a", at: start + .seconds(8)).replaced == first)
    }

    /// Whatever of a process's Joins comes again or late: it is one life.
    @Test func aJoinThatIsSentAgainIsOfTheSameLife() throws {
        var table = LeaseTable(terms: terms)
        let first = try grant(&table, "a", by: life(1, of: 7), at: start)
        let again = try grant(&table, "a", by: life(1, of: 7), at: start + .seconds(9))
        #expect(again.member == first.member && again.replaced == nil && !again.isChange)
        #expect(table.remaining(of: first.member.incarnation, now: start) == .seconds(19))
        #expect(table.expire(now: start + .seconds(19)) == [first.member])
        let second = try grant(&table, "a", by: life(2, of: 7), at: start + .seconds(20))
        #expect(second.member.incarnation.value == 2)
        #expect(throws: LeaseTable.Refusal.outdated) {
            try grant(&table, "a", by: life(1, of: 7), at: start + .seconds(21))
        }
        #expect(table.remaining(of: second.member.incarnation, now: start) == .seconds(30))
        // A life that nobody knows of, begun by a Join that came late, becomes the one that is wanted.
        let third = try grant(&table, "a", by: life(3, of: 7), at: start + .seconds(22))
        #expect(third.member.incarnation.value == 2 && third.isChange && third.replaced == nil)
        #expect(third.member.process?.life == 3)
        // Its time has passed: it is another life even before the table was swept.
        let fourth = try grant(&table, "a", by: life(3, of: 7), at: start + .seconds(32))
        #expect(fourth.member.incarnation.value == 3 && fourth.replaced == third.member)
    }

    @Test func aLifeThatWasEndedLingersUntilItsLeaseWouldHave() throws {
        var table = LeaseTable(terms: terms)
        let first = try grant(&table, "a", by: life(1, of: 7), at: start).member
        let other = try grant(&table, "b", at: start).member
        #expect(!table.isSilent(first.incarnation, now: start + .seconds(60)), "a member never is")
        _ = try grant(&table, "a", by: life(1, of: 8), at: start + .seconds(6))
        try table.keepAlive(other.incarnation, now: start + .seconds(6))
        _ = table.revoke(other.incarnation)
        for (life, end) in [(first, 10), (other, 16)] as [(Member, Int64)] {
            let before = start + (.seconds(end) - .nanoseconds(1))
            #expect(!table.isSilent(life.incarnation, now: before))
            #expect(table.isSilent(life.incarnation, now: start + .seconds(end)))
        }
        // Somebody may wait for it.
        #expect(table.nextExpiry == start + .seconds(10))
        #expect(table.expire(now: start + .seconds(10)).isEmpty)
        #expect(table.isSilent(first.incarnation, now: start), "nothing is kept of it")
        #expect(table.nextExpiry == start + .seconds(16))
        #expect(table.isSilent(MemberIncarnation(99), now: start))
    }

    @Test func afterARestartOwnersThatAreNoMembersLingerAFullTTL() throws {
        var table = LeaseTable(terms: terms)
        let members = try ["a", "b"].map { try grant(&table, $0, at: start).member }
        let owners = Set(members.map(\.incarnation))
        var restored = LeaseTable.restore(
            [members[1]], owners: owners, lastIncarnation: table.lastIncarnation, terms: terms,
            grantedTTL: .seconds(20), now: start)
        #expect(restored.members == [members[1]])
        let before = start + .nanoseconds(19_999_999_999)
        #expect(!restored.isSilent(members[0].incarnation, now: before))
        #expect(restored.isSilent(members[0].incarnation, now: start + .seconds(20)))
        #expect(restored.expire(now: start + .seconds(20)) == [members[1]])
    }

    @Test func aLeaseEndsOneTTLAfterItsLastRenewal() throws {
        var table = LeaseTable(terms: terms)
        let member = try grant(&table, "a", at: start).member
        #expect(table.nextExpiry == start + .seconds(10))
        try table.keepAlive(member.incarnation, now: start + .seconds(4))
        #expect(table.remaining(of: member.incarnation, now: start + .seconds(5)) == .seconds(9))
        #expect(table.expire(now: start + .nanoseconds(13_999_999_999)) == [])
        #expect(table.expire(now: start + .seconds(14)) == [member])
        #expect(table.expire(now: start + .seconds(14)) == [])
        #expect(table.members.isEmpty && table.nextExpiry == nil)
        #expect(table.remaining(of: member.incarnation, now: start) == nil)
    }

    @Test func aLeaseThatHasEndedIsNeverRenewedEvenBeforeItIsSwept() throws {
        var table = LeaseTable(terms: terms)
        let member = try grant(&table, "a", at: start).member
        #expect(throws: LeaseTable.Refusal.unknownLease) {
            try table.keepAlive(member.incarnation, now: start + .seconds(10))
        }
        #expect(table.expire(now: start + .seconds(10)) == [member])
        for unknown in [0, 2, .max] as [UInt64] {
            #expect(throws: LeaseTable.Refusal.unknownLease) {
                try table.keepAlive(MemberIncarnation(unknown), now: start)
            }
        }
    }

    @Test func manyLeasesEndInOrderAndTheOthersStay() throws {
        var table = LeaseTable(terms: terms)
        for index in 0..<100 { _ = try grant(&table, "m\(index)", at: start) }
        for index in stride(from: 1, through: 100, by: 3) {
            try table.keepAlive(MemberIncarnation(UInt64(index)), now: start + .seconds(5))
        }
        let ended = table.expire(now: start + .seconds(10)).map(\.incarnation.value)
        #expect(ended == (1...100).filter { $0 % 3 != 1 })
        #expect(table.members.map(\.incarnation.value) == (1...100).filter { $0 % 3 == 1 })
        for member in table.members {
            #expect(table.remaining(of: member.incarnation, now: start) == .seconds(15))
            #expect(table.member(member.incarnation) == member)
        }
    }

    @Test func aRestoredTableGivesEverybodyAFullTTLAndNoIncarnationTwice() throws {
        var table = LeaseTable(terms: terms)
        let members = try (0..<4).map { try grant(&table, "m\($0)", at: start).member }
        _ = table.revoke(members[3].incarnation)
        let later = start + .seconds(500)
        var restored = LeaseTable.restore(
            [members[2], members[0], members[1]], lastIncarnation: table.lastIncarnation,
            terms: terms, grantedTTL: terms.ttl, now: later)
        #expect(restored.members == Array(members[..<3]))
        #expect(restored.nextExpiry == later + .seconds(10))
        #expect(restored.expire(now: later + .seconds(9)).isEmpty)
        #expect(try grant(&restored, "new", at: later).member.incarnation.value == 5)
        // Also when the counter was not kept.
        let other = LeaseTable.restore(
            members, lastIncarnation: MemberIncarnation(0), terms: terms, grantedTTL: terms.ttl,
            now: later)
        #expect(other.lastIncarnation.value == 4)
    }

    /// A holder that heard of a minute before the restart writes on by it, whatever it hears later.
    @Test func aShorterTTLAfterARestartEndsNoLeaseThatMayStillBeUsed() throws {
        let long = LeaseTerms(ttl: .seconds(60), heartbeat: .seconds(3), drift: 0.05)
        var table = LeaseTable(terms: long)
        let members = try ["a", "b"].map { try grant(&table, $0, at: start).member }
        var held = HeldLease(
            incarnation: members[0].incarnation, sent: start, ttl: long.ttl, drift: long.drift)
        let restart = start + .seconds(1)
        var restored = LeaseTable.restore(
            members, lastIncarnation: table.lastIncarnation, terms: terms, grantedTTL: long.ttl,
            now: restart)
        #expect(restored.expire(now: restart + .seconds(11)).isEmpty)
        try restored.keepAlive(members[0].incarnation, now: restart + .seconds(12))
        held.renew(sent: restart + .seconds(12), ttl: terms.ttl)
        #expect(held.mayWrite(at: restart + .seconds(52)))
        #expect(restored.expire(now: restart + .nanoseconds(59_999_999_999)).isEmpty)
        try restored.keepAlive(members[0].incarnation, now: restart + .seconds(58))
        #expect(restored.expire(now: restart + .seconds(60)) == [members[1]])
        #expect(restored.nextExpiry == restart + .seconds(68), "the long ones have run out")
    }

    @Test func aLongerTTLAfterARestartHoldsAtOnce() throws {
        var table = LeaseTable(terms: terms)
        let member = try grant(&table, "a", at: start).member
        let long = LeaseTerms(ttl: .seconds(60))
        let restored = LeaseTable.restore(
            [member], lastIncarnation: table.lastIncarnation, terms: long, grantedTTL: terms.ttl,
            now: start)
        #expect(restored.nextExpiry == start + .seconds(60))
    }

    /// The promise behind every write: while a holder may write by its own clock, the table has not
    /// ended its lease, whatever the delays, as long as both clocks keep to `drift`.
    @Test func noHolderWritesAfterTheTableHasEndedItsLease() throws {
        for seed in 1...400 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            // True time to each clock: a rate within the drift and an offset.
            let rates = (0..<2).map { _ in 1 + 0.05 * (2 * Double(random.uniform()) - 1) }
            let offsets = (0..<2).map { _ in Double(random.below(1000)) }
            func clock(_ index: Int, _ time: Double) -> Instant {
                Instant(nanoseconds: UInt64((offsets[index] + time * rates[index]) * 1e9))
            }
            var table = LeaseTable(terms: terms)
            let member = try grant(&table, "a", at: clock(1, 1)).member
            // The join was sent up to a second before it was granted.
            let sent = 1 - Double(random.uniform())
            var held = HeldLease(
                incarnation: member.incarnation, sent: clock(0, sent), ttl: terms.ttl,
                drift: terms.drift)
            var time = 1.0
            for _ in 0..<6 {
                let send = time + 6 * Double(random.uniform())
                let arrive = send + 4 * Double(random.uniform())
                let answer = arrive + 4 * Double(random.uniform())
                let renewal: Void? = try? table.keepAlive(
                    member.incarnation, now: clock(1, arrive))
                let isRenewed = renewal != nil
                if isRenewed { held.renew(sent: clock(0, send), ttl: terms.ttl) }
                time = answer
                guard isRenewed else { break }
            }
            var sweep = time
            while table.expire(now: clock(1, sweep)).isEmpty { sweep += 0.01 }
            #expect(!held.mayWrite(at: clock(0, sweep)), "seed \(seed)")
        }
    }
}
