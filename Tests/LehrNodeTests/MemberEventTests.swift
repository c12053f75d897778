import LehrCore
import LehrMembership
import Testing

@testable import LehrNode

@Suite struct MemberEventTests {
    private static func member(_ name: String, _ incarnation: UInt64) -> Member {
        Member(
            name: name, role: .shard, incarnation: MemberIncarnation(incarnation),
            coreAddresses: ["\(name):1", "\(name):2"], httpAddress: "\(name):3")
    }

    private func texts(_ before: [Member]?, _ after: [Member]) -> [String] {
        MemberEvent.between(before, after).map { "\($0.kind.rawValue) \($0.member.name)" }
    }

    @Test func theFirstMapShowsWhoIsThereAndTheNextWhatHasHappened() {
        let (a, b, c) = (Self.member("a", 1), Self.member("b", 2), Self.member("c", 5))
        #expect(texts(nil, [a, b]) == ["present a", "present b"])
        #expect(texts([a, b], [a, b]) == [])
        #expect(texts([a, b], [b, c]) == ["ended a", "joined c"])
        // Another life under the name.
        #expect(texts([a], [Self.member("a", 9)]) == ["ended a", "joined a"])
        #expect(texts([], [a]) == ["joined a"])
    }

    @Test func anEventIsALineForPeopleAndForPrograms() throws {
        let event = MemberEvent(kind: .joined, member: Self.member("s", 7))
        #expect(event.text == "joined shard s (incarnation 7, s:1, s:2)")
        var worker = Self.member("w", 8)
        (worker.coreAddresses, worker.httpAddress) = ([], "")
        #expect(MemberEvent(kind: .ended, member: worker).text.hasSuffix("w (incarnation 8)"))
        #expect(
            try Formatting.jsonLine(event) == """
                { "core_addresses" : [ "s:1", "s:2" ], "event" : "joined", "http_address" : "s:3", \
                "incarnation" : 7, "name" : "s", "role" : "shard" }
                """)
    }
}
