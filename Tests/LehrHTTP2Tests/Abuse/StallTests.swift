import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// Peers that begin something and do not go on. The times are four looks long here.
@Suite struct StallTests {
    private static func scene(attackerGreets: Bool = true) throws -> AbuseScene {
        var limits = RPCLimits()
        limits.prefaceTimeout = .seconds(8)
        limits.headerTimeout = .seconds(8)
        limits.requestTimeout = .seconds(8)
        return try AbuseScene(limits: limits, attackerGreets: attackerGreets)
    }

    private static let acknowledgement = Frames.frame(Frames.settings, flags: 1, stream: 0, [])

    @Test(arguments: [[], Array(Frames.preface.prefix(10)), Array(Frames.preface.prefix(24))])
    func aPeerThatDoesNotGreetIsClosed(bytes: [UInt8]) throws {
        let scene = try Self.scene(attackerGreets: false)
        scene.attacker.send(bytes)
        scene.attacker.look(times: 4)
        #expect(!scene.attacker.isClosed)
        scene.attacker.look()
        scene.expectAttackerOut(by: .prefaceTime, code: 4)
    }

    @Test func aPeerThatDoesNotAcknowledgeSettingsIsClosed() throws {
        let scene = try Self.scene()
        scene.attacker.send(Frames.request("/t/Hold", stream: 1))
        scene.attacker.look(times: 5)
        scene.expectAttackerOut(by: .prefaceTime, code: 4)
    }

    @Test func aHeaderListThatTricklesEndsTheConnection() throws {
        let scene = try Self.scene()
        scene.attacker.send(Self.acknowledgement)
        scene.attacker.look(times: 100)
        scene.attacker.send(
            Frames.frame(Frames.headers, flags: 0, stream: 1, Frames.fields("/t/Echo")))
        for index in 0..<4 {
            scene.attacker.look()
            scene.attacker.send(
                Frames.frame(
                    Frames.continuation, flags: 0, stream: 1, HPACK.literal("x-\(index)", "a")))
        }
        #expect(!scene.attacker.isClosed)
        scene.attacker.look()
        scene.expectAttackerOut(by: .headerTime)
    }

    enum Request: CaseIterable {
        case headersAlone, tricklingMessage, noEndOfStream, tricklingStream
    }

    @Test(arguments: Request.allCases)
    func aRequestThatDoesNotGoOnEnds(kind: Request) throws {
        let scene = try Self.scene()
        let path = kind == .tricklingStream ? "/t/Duplex" : "/t/Echo"
        let prefix: [UInt8] = [0, 0, 0, 0, 100]
        scene.attacker.send(Self.acknowledgement + Frames.request(path, stream: 1))
        switch kind {
        case .headersAlone: break
        case .tricklingMessage, .tricklingStream:
            scene.attacker.send(Frames.frame(0, flags: 0, stream: 1, prefix))
        case .noEndOfStream:
            scene.attacker.send(Frames.message([1], stream: 1, isEnd: false))
        }
        for _ in 0..<4 {
            scene.attacker.look()
            if kind == .tricklingMessage || kind == .tricklingStream {
                scene.attacker.send(Frames.frame(0, flags: 0, stream: 1, [1]))
            }
        }
        #expect(scene.counters[.requestTime] == 0)
        scene.attacker.look()
        #expect(scene.counters[.requestTime] == 1)
        #expect(scene.counters.answered[.deadlineExceeded] == 1)
        // The connection goes on, without the call.
        #expect(!scene.attacker.isClosed)
        #expect(scene.counters.heldBytes == 0)
        #expect(scene.attacker.resetCode(of: 1) == 0)
        scene.expectBystanderServed()
    }

    enum Patience: CaseIterable {
        case slowUpload, betweenMessages, slowHandler, slowReader
    }

    @Test(arguments: Patience.allCases)
    func whoDoesNotKeepTheServerWaitingIsLeftAlone(kind: Patience) throws {
        let scene = try Self.scene()
        let paths: [Patience: String] = [
            .slowUpload: "/t/Echo", .betweenMessages: "/t/Duplex", .slowHandler: "/t/Hold",
            .slowReader: "/t/Unread",
        ]
        scene.attacker.send(
            Self.acknowledgement + Frames.request(paths[kind] ?? "", stream: 1))
        switch kind {
        case .slowUpload:
            let promise = Frames.bytes(1 << 20)
            scene.attacker.send(Frames.frame(0, flags: 0, stream: 1, [0] + promise))
        case .betweenMessages: scene.attacker.send(Frames.message([1], stream: 1, isEnd: false))
        case .slowHandler: scene.attacker.send(Frames.message([1], stream: 1))
        // Nobody has asked for it.
        case .slowReader: scene.attacker.send(Frames.frame(0, flags: 0, stream: 1, [0, 0]))
        }
        for _ in 0..<30 {
            scene.attacker.look()
            guard kind == .slowUpload else { continue }
            let part = [UInt8](repeating: 1, count: 5 << 10)
            scene.attacker.send(Frames.frame(0, flags: 0, stream: 1, part))
        }
        #expect(scene.counters[.requestTime] == 0)
        #expect(!scene.attacker.isClosed)
        #expect(scene.counters.answered.inFlight == 1)
    }

    /// A peer that has closed its side has gone: nobody is left to answer.
    @Test func halfClosedIsClosed() throws {
        let scene = try Self.scene()
        scene.attacker.send(
            Frames.request("/t/Hold", stream: 1) + Frames.message([], stream: 1)
                + Frames.request("/t/Duplex", stream: 3) + Frames.request("/t/Echo", stream: 5))
        var cancelled = 0
        scene.held.responders[0].onCancel = { cancelled += 1 }
        scene.attacker.endSending()
        #expect(scene.attacker.isClosed)
        #expect(cancelled == 1)
        #expect(scene.counters[.peer] == 1)
        #expect(scene.counters.answered[.cancelled] == 3)
        #expect(scene.counters.heldBytes == 0)
        scene.expectBystanderServed()
    }
}
