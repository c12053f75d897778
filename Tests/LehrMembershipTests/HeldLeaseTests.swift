import LehrCore
import LehrMembership
import Testing

@Suite struct HeldLeaseTests {
    private let start = Instant(nanoseconds: 5_000_000_000)

    @Test func theDeadlineCountsFromTheSendingLessTwiceTheDrift() {
        let lease = HeldLease(
            incarnation: MemberIncarnation(7), sent: start, ttl: .seconds(10), drift: 0.05)
        #expect(lease.deadline == start + .seconds(9))
        #expect(lease.mayWrite(at: start + .nanoseconds(8_999_999_999)))
        #expect(!lease.mayWrite(at: start + .seconds(9)))
    }

    @Test func answersOutOfOrderNeverMoveItBack() {
        var lease = HeldLease(
            incarnation: MemberIncarnation(7), sent: start, ttl: .seconds(10), drift: 0)
        lease.renew(sent: start + .seconds(6), ttl: .seconds(10))
        lease.renew(sent: start + .seconds(3), ttl: .seconds(10))
        #expect(lease.deadline == start + .seconds(16))
    }

    @Test func aDriftOfAHalfLeavesNoTimeAtAll() {
        let lease = HeldLease(
            incarnation: MemberIncarnation(7), sent: start, ttl: .seconds(10), drift: 0.6)
        #expect(lease.deadline == start)
        #expect(!lease.mayWrite(at: start))
    }
}
