import LehrCore
import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// What makes a server keep bytes for its peer.
@Suite struct MemoryTests {
    private static let kibi = 1 << 10

    private static func scene(connection: Int = 1 << 20, server: Int = 4 << 20) throws -> AbuseScene
    {
        var limits = RPCLimits()
        limits.connectionBytesMax = connection
        limits.serverBytesMax = server
        return try AbuseScene(limits: limits)
    }

    /// Answers of 200 KiB to a peer that opens no window for them.
    private static func askForMuch(_ peer: RawPeer, calls: Int) {
        peer.send(Frames.frame(Frames.settings, flags: 0, stream: 0, Frames.setting(4, 0)))
        for index in 0..<calls {
            let stream = UInt32(2 * index + 1)
            peer.send(Frames.request("/t/Give", stream: stream))
            peer.send(Frames.message([200], stream: stream))
        }
    }

    @Test func answersThatNobodyReadsAreBounded() throws {
        let scene = try Self.scene()
        Self.askForMuch(scene.attacker, calls: 50)
        #expect(scene.attacker.heldBytes <= 1 << 20)
        #expect(scene.attacker.heldBytes > 800 * Self.kibi)
        #expect(scene.counters[.connectionBytes] == 45)
        #expect(scene.attacker.resetCode(of: 99) == 11)
        scene.expectBystanderServed()
        // A peer that opens its windows after all is served, and nothing stays.
        let window = Frames.setting(4, 1 << 20)
        scene.attacker.send(
            Frames.frame(Frames.settings, flags: 0, stream: 0, window)
                + Frames.update(0, by: 100 << 20))
        #expect(scene.counters.heldBytes == 0)
        #expect(scene.attacker.received.count > 5 * 200 * Self.kibi)
    }

    @Test func messagesThatNeverBecomeCompleteAreBounded() throws {
        let scene = try Self.scene()
        let part = [UInt8](repeating: 1, count: 10 << 10)
        for index in 0..<50 {
            let stream = UInt32(2 * index + 1)
            scene.attacker.send(Frames.request("/t/Echo", stream: stream))
            scene.attacker.send(
                Frames.frame(0, flags: 0, stream: stream, [0] + Frames.bytes(1 << 20)))
            for _ in 0..<5 {
                scene.attacker.send(Frames.frame(0, flags: 0, stream: stream, part))
            }
            #expect(scene.attacker.heldBytes <= 1 << 20)
        }
        #expect(scene.counters[.connectionBytes] > 25)
        #expect(scene.counters.answered[.resourceExhausted] == scene.counters[.connectionBytes])
        scene.expectBystanderServed()
    }

    /// The message is whole, but the request is not.
    @Test func requestsThatNeverEndAreBounded() throws {
        let scene = try Self.scene()
        for index in 0..<200 {
            let stream = UInt32(2 * index + 1)
            let message = [UInt8](repeating: 1, count: 15 << 10)
            scene.attacker.send(
                Frames.request("/t/Echo", stream: stream)
                    + Frames.message(message, stream: stream, isEnd: false))
            #expect(scene.attacker.heldBytes <= 1 << 20)
        }
        #expect(scene.counters[.connectionBytes] > 100)
        scene.expectBystanderServed()
    }

    /// What a handler has not asked for counts as well.
    @Test func unreadMessagesAreBounded() throws {
        let scene = try Self.scene()
        // Our window holds once the peer has taken note of it.
        let acknowledgement = Frames.frame(Frames.settings, flags: 1, stream: 0, [])
        scene.attacker.send(acknowledgement + Frames.request("/t/Unread", stream: 1))
        let message = Frames.message(
            [UInt8](repeating: 1, count: 15 << 10), stream: 1, isEnd: false)
        for _ in 0..<100 { scene.attacker.send(message) }
        #expect(scene.counters[.connectionBytes] == 1)
        #expect(scene.counters.heldBytes == 0)
        #expect(scene.counters.answered[.resourceExhausted] == 1)
        scene.expectBystanderServed()
    }

    @Test func openCallsAreBoundedByWhatTheirHeadersTake() throws {
        let scene = try Self.scene(connection: 256 << 10)
        let value = String(repeating: "v", count: 7000)
        for index in 0..<60 {
            let stream = UInt32(2 * index + 1)
            scene.attacker.send(
                Frames.request("/t/Echo", stream: stream, extra: [("x-value", value)]))
        }
        #expect(scene.attacker.heldBytes <= 256 << 10)
        #expect(scene.counters[.connectionBytes] > 20)
        scene.expectBystanderServed()
    }

    /// Many connections, each within its bound.
    @Test func theConnectionThatHoldsMostMakesRoom() throws {
        let scene = try Self.scene(server: 4300 << 10)
        var others: [RawPeer] = []
        for _ in 0..<6 {
            let peer = try scene.another()
            Self.askForMuch(peer, calls: 3)
            others.append(peer)
        }
        // 3.5 MiB so far.
        #expect(scene.counters[.serverBytes] == 0)
        Self.askForMuch(scene.attacker, calls: 4)
        #expect(scene.counters.heldBytes <= 4300 << 10)
        scene.expectBystanderServed()
        #expect(scene.counters[.serverBytes] == 1)
        #expect(scene.attacker.isClosed)
        #expect(scene.attacker.goodbye?.code == 11)
        #expect(others.allSatisfy { !$0.isClosed })
        for peer in others { peer.hangUp() }
        #expect(scene.counters.heldBytes == 0)
    }

    /// Refused by its length, before any of it has come.
    @Test func aMessageOverTheLimitIsRefused() throws {
        let scene = try Self.scene()
        scene.attacker.send(
            Frames.request("/t/Echo", stream: 1)
                + Frames.frame(0, flags: 0, stream: 1, [0, 0xFF, 0xFF, 0xFF, 0xFF]))
        #expect(scene.counters.answered[.resourceExhausted] == 1)
        #expect(scene.counters[.messageBytes] == 1)
        #expect(scene.counters.heldBytes == 0)
        // The rest of it is not wanted.
        #expect(scene.attacker.resetCode(of: 1) == 0)
        #expect(!scene.attacker.isClosed)
        scene.expectBystanderServed()
    }

    /// A handler that writes on although nobody reads.
    @Test func aStreamThatNobodyReadsEnds() throws {
        var limits = RPCLimits()
        limits.streamQueueBytesMax = 1 << 20
        let scene = try AbuseScene(limits: limits)
        scene.attacker.send(
            Frames.frame(Frames.settings, flags: 0, stream: 0, Frames.setting(4, 0))
                + Frames.request("/t/Unread", stream: 1))
        for _ in 0..<30 { scene.held.streams.first?.send([UInt8](repeating: 1, count: 100 << 10)) }
        scene.attacker.turn()
        #expect(scene.counters[.streamQueueBytes] == 1)
        #expect(scene.counters.answered[.resourceExhausted] == 1)
        #expect(scene.attacker.resetCode(of: 1) == 11)
        #expect(scene.counters.heldBytes == 0)
        scene.expectBystanderServed()
    }

    @Test func aCallThatIsOverHoldsNothing() throws {
        let scene = try Self.scene()
        for (index, path) in ["/t/Echo", "/t/Give", "/t/None", "/t/Duplex"].enumerated() {
            let stream = UInt32(2 * index + 1)
            scene.attacker.send(
                Frames.request(path, stream: stream) + Frames.message([9], stream: stream))
        }
        #expect(scene.counters.heldBytes > 0)
        scene.held.streams.first?.finish(nil)
        scene.attacker.turn()
        #expect(scene.counters.answered.inFlight == 0)
        #expect(scene.counters.heldBytes == 0)
    }
}
