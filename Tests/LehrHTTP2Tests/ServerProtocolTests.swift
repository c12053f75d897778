import LehrCore
import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// What a server does with bytes that no client of ours would send.
@Suite struct ServerProtocolTests {
    private static func services(_ held: Held = Held()) -> ServiceTable {
        let services = ServiceTable()
        services.register(
            "/t/Echo", .unary { _, message, responder in responder.succeed(message) })
        services.register(
            "/t/Hold", .unary { _, _, responder in held.responders.append(responder) })
        services.register(
            "/t/Count",
            .serverStreaming { _, message, stream in
                for index in 0..<(message.first ?? 3) { stream.send([index]) }
                stream.finish(nil)
            })
        services.register(
            "/t/Watch", .serverStreaming { _, _, stream in held.streams.append(stream) })
        services.register(
            "/t/Duplex",
            .bidirectional { _, stream in
                stream.onMessage = { [unowned stream] message in
                    stream.send(message)
                    stream.request(1)
                }
                stream.onEnd = { stream.finish(nil) }
                stream.request(1)
                held.streams.append(stream)
            })
        return services
    }

    private static func peer(
        _ held: Held = Held(), limits: RPCLimits = RPCLimits()
    ) throws -> RawPeer {
        let peer = try RawPeer(services(held), limits: limits)
        peer.send(Frames.preface)
        return peer
    }

    /// Otherwise a client and a server of one connection would work in turns.
    @Test func answersLeaveWhileTheRestIsWorkedOff() throws {
        let services = ServiceTable()
        let peer = try RawPeer(services)
        var sent: [UInt64] = []
        services.register(
            "/t/Note",
            .unary { [unowned peer] _, message, responder in
                sent.append(peer.transport.counters.bytesOut)
                responder.succeed(message)
            })
        peer.send(Frames.preface)
        let request = (0..<120).flatMap { index in
            let stream = UInt32(2 * index + 1)
            return Frames.request("/t/Note", stream: stream)
                + Frames.message([UInt8](repeating: 1, count: 64), stream: stream)
        }
        peer.send(request)
        #expect(sent.count == 120)
        // The first part is the smallest, so that its answers are soon there.
        let parts = Dictionary(grouping: sent) { $0 }.mapValues(\.count)
        #expect(parts.count == 3)
        #expect((20..<40).contains(sent.first.flatMap { parts[$0] } ?? 0))
        #expect(peer.transport.counters.answered[.ok] == 120)
    }

    @Test func anEchoIsHeadersDataAndTrailers() throws {
        let peer = try Self.peer()
        peer.send(Frames.request("/t/Echo", stream: 1) + Frames.message([7, 8, 9], stream: 1))
        let frames = peer.frames.filter { $0.stream == 1 }
        #expect(frames.map(\.type) == [Frames.headers, Frames.data, Frames.headers])
        #expect(frames[1].payload == [0, 0, 0, 0, 3, 7, 8, 9])
        #expect(frames.map { $0.flags & 1 } == [0, 0, 1])
        #expect(frames[2].payload == HPACK.literal("grpc-status", "0"))
        #expect(peer.transport.counters.answered[.ok] == 1)
    }

    /// Whoever makes its table of fields smaller takes the next fields only with a word of that.
    @Test func aSmallerTableOfFieldsIsConfirmedByTheNextFields() throws {
        let peer = try Self.peer()
        peer.send(Frames.frame(Frames.settings, flags: 0, stream: 0, Frames.setting(4, 6)))
        peer.send(Frames.request("/t/Echo", stream: 1) + Frames.message([7, 8, 9], stream: 1))
        let before = peer.frames.filter { $0.stream == 1 }
        #expect(before.map(\.type) == [Frames.headers, Frames.data])
        peer.send(
            Frames.frame(Frames.settings, flags: 0, stream: 0, Frames.setting(1, 0))
                + Frames.update(1, by: 100))
        let after = peer.frames.filter { $0.stream == 1 }.dropFirst(2)
        #expect(after.map(\.type) == [Frames.data, Frames.headers])
        #expect(after.map { $0.flags & 1 } == [0, 1])
        #expect(after.last?.payload.starts(with: HPACK.tableSize(0)) == true)
        #expect(peer.transport.counters.answered[.ok] == 1)
    }

    /// For nghttp2 DATA ends an answer; its peer must never see that, however DATA is cut.
    @Test(arguments: [0, 1, 4091, 4092, 16384, 70_000], [100, 16_384, 65_535])
    func anAnswerOfAnySizeEndsWithItsTrailers(size: Int, window: Int) throws {
        let peer = try Self.peer()
        peer.send(
            Frames.frame(
                Frames.settings, flags: 0, stream: 0, Frames.setting(4, UInt32(window))))
        let message = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let part = 16_000
        for stream: UInt32 in [1, 3] {
            peer.send(Frames.request("/t/Echo", stream: stream))
            let prefixed = [0] + Frames.bytes(UInt32(size)) + message
            for start in Swift.stride(from: 0, to: prefixed.count, by: part) {
                let end = min(start + part, prefixed.count)
                peer.send(
                    Frames.frame(
                        Frames.data, flags: end == prefixed.count ? 1 : 0, stream: stream,
                        Array(prefixed[start..<end])))
            }
            func frames() -> [(type: UInt8, flags: UInt8, stream: Int, payload: [UInt8])] {
                peer.frames.filter { $0.stream == stream && $0.type <= Frames.headers }
            }
            var updates = 0
            while frames().last?.flags != 5, updates < 1000 {
                peer.send(Frames.update(stream, by: 999) + Frames.update(0, by: 999))
                updates += 1
            }
            let (answer, data) = (frames(), frames().filter { $0.type == Frames.data })
            #expect(answer.first?.type == Frames.headers)
            #expect(data.flatMap(\.payload) == prefixed)
            #expect(data.allSatisfy { $0.flags == 0 })
            #expect(answer.last?.type == Frames.headers)
            #expect(answer.last?.payload == HPACK.literal("grpc-status", "0"))
            #expect(answer.count == data.count + 2)
        }
        #expect(peer.transport.counters.answered[.ok] == 2)
        #expect(peer.heldBytes == 0)
    }

    /// However little may lie unread: once nothing does, the connection's window is whole again.
    @Test func whatWasWithheldIsGivenBackWhenNobodyReadsItAnyMore() throws {
        var limits = RPCLimits()
        limits.unreadBytesMax = 1000
        let held = Held()
        let services = ServiceTable()
        services.register("/t/Mute", .bidirectional { _, stream in held.streams.append(stream) })
        let peer = try RawPeer(services, limits: limits)
        peer.send(Frames.preface + Frames.request("/t/Mute", stream: 1))
        let message = Frames.message([UInt8](repeating: 1, count: 900), stream: 1, isEnd: false)
        for _ in 0..<10 { peer.send(message) }
        #expect(peer.withheldBytes == 9 * 905)
        peer.send(Frames.reset(1))
        #expect(peer.withheldBytes == 0)
    }

    /// The longest that a header can say does not fit into 64 bits of nanoseconds.
    @Test(arguments: ["99999999H", "99999999M", "0n"])
    func noTimeoutIsTooLongOrTooShort(text: String) throws {
        let held = Held()
        let peer = try Self.peer(held)
        peer.send(
            Frames.request("/t/Hold", stream: 1, extra: [("grpc-timeout", text)])
                + Frames.message([], stream: 1))
        held.responders.first?.succeed([])
        peer.turn()
        #expect(peer.transport.counters.answered[.ok] == 1)
    }

    @Test func everythingMayArriveByteByByte() throws {
        let peer = try RawPeer(Self.services())
        let bytes =
            Frames.preface + Frames.request("/t/Echo", stream: 1, extra: [("x-a", "1")])
            + Frames.message([1, 2], stream: 1)
        for byte in bytes { peer.send([byte]) }
        #expect(peer.transport.counters.answered[.ok] == 1)
    }

    @Test func aCompressedMessageIsAnInternalErrorAndTheRestIsNotWanted() throws {
        let peer = try Self.peer()
        peer.send(
            Frames.request("/t/Echo", stream: 1)
                + Frames.message([1, 2], stream: 1, flag: 1, isEnd: false))
        #expect(peer.transport.counters.answered[.internal] == 1)
        let frames = peer.frames.filter { $0.stream == 1 }
        #expect(frames.map(\.type) == [Frames.headers, Frames.reset])
        #expect(frames[1].payload == [0, 0, 0, 0])
    }

    @Test func twoMessagesOrNoneAreErrors() throws {
        let peer = try Self.peer()
        peer.send(
            Frames.request("/t/Echo", stream: 1) + Frames.message([1], stream: 1, isEnd: false)
                + Frames.message([1], stream: 1))
        #expect(peer.transport.counters.answered[.internal] == 1)
        peer.send(Frames.request("/t/Echo", stream: 3, isEnd: true))
        #expect(peer.transport.counters.answered[.internal] == 2)
        peer.send(
            Frames.request("/t/Echo", stream: 5)
                + Frames.frame(Frames.data, flags: 1, stream: 5, [0, 0, 0, 0, 9, 1]))
        #expect(peer.transport.counters.answered[.internal] == 3)
    }

    @Test func tooManyStreamsAreRefused() throws {
        let held = Held()
        var limits = RPCLimits()
        limits.streamsPerConnectionMax = 2
        let peer = try Self.peer(held, limits: limits)
        // The limit holds once the client has acknowledged it.
        peer.send(Frames.frame(4, flags: 1, stream: 0, []))
        for stream in [1, 3, 5] as [UInt32] {
            peer.send(
                Frames.request("/t/Hold", stream: stream) + Frames.message([], stream: stream))
        }
        #expect(held.responders.count == 2)
        #expect(peer.transport.counters[.streams] == 1)
        let refused = peer.frames.filter { $0.stream == 5 }
        #expect(refused.map(\.type) == [Frames.reset] || peer.frames.last?.type == Frames.goAway)
        if let reset = refused.first { #expect(reset.payload == [0, 0, 0, 7]) }
    }

    @Test func aResetReachesTheHandlerOnce() throws {
        let held = Held()
        let peer = try Self.peer(held)
        peer.send(Frames.request("/t/Hold", stream: 1) + Frames.message([], stream: 1))
        var cancelled = 0
        held.responders[0].onCancel = { cancelled += 1 }
        peer.send(Frames.frame(Frames.reset, flags: 0, stream: 1, Frames.bytes(8)))
        peer.hangUp()
        #expect(cancelled == 1)
        #expect(!held.responders[0].isOpen)
        #expect(peer.transport.counters.answered[.cancelled] == 1)
    }

    @Test func anEndBehindTheLastBytesIsNoticed() throws {
        let held = Held()
        let peer = try Self.peer(held)
        peer.send(Frames.request("/t/Hold", stream: 1) + Frames.message([], stream: 1))
        #expect(held.responders.count == 1)
        peer.hangUp(
            after: Frames.frame(
                Frames.goAway, flags: 0, stream: 0, Frames.bytes(0) + Frames.bytes(0)))
        #expect(!held.responders[0].isOpen)
        #expect(peer.transport.counters.connectionsOpen == 0)
    }

    @Test func aStreamThatIsResetBeforeItsRequestIsCompleteHasNoHandler() throws {
        let held = Held()
        let peer = try Self.peer(held)
        peer.send(
            Frames.request("/t/Hold", stream: 1)
                + Frames.frame(Frames.reset, flags: 0, stream: 1, Frames.bytes(8)))
        peer.send(
            Frames.request("/t/Hold", stream: 3) + Frames.message([], stream: 3)
                + Frames.frame(Frames.reset, flags: 0, stream: 3, Frames.bytes(8)))
        #expect(held.responders.isEmpty)
        #expect(peer.transport.counters.answered[.cancelled] == 2)
    }

    @Test func aFloodOfResetsEndsTheConnection() throws {
        var limits = RPCLimits()
        limits.idleFramesPerSecond = 0
        let peer = try Self.peer(limits: limits)
        for index in 0..<6000 where !peer.isClosed {
            let stream = UInt32(2 * index + 1)
            peer.send(
                Frames.request("/t/Hold", stream: stream)
                    + Frames.frame(Frames.reset, flags: 0, stream: stream, Frames.bytes(8)))
        }
        #expect(peer.frames.last?.type == Frames.goAway)
    }

    @Test func whatIsNotHTTP2ClosesTheConnection() throws {
        let peer = try RawPeer(Self.services())
        peer.send(Array("GET / HTTP/1.1\r\nHost: somewhere\r\n\r\n".utf8))
        #expect(peer.isClosed)
        #expect(peer.transport.counters.connectionsOpen == 0)
    }

    /// Seeded mutations of a good conversation: nothing traps, and every call ends.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func garbageNeverTrapsNorLeaksCalls(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        for _ in 0..<150 {
            let held = Held()
            let peer = try RawPeer(Self.services(held))
            let good = Self.conversation(&random)
            let bytes = Self.mutated(good, &random)
            var rest = bytes[...]
            while !rest.isEmpty, !peer.isClosed {
                let part = rest.prefix(1 + random.below(200))
                peer.send(part)
                rest = rest.dropFirst(part.count)
                if random.below(8) == 0 { held.responders.popLast()?.succeed([1]) }
                if random.below(8) == 0 {
                    held.streams.last?.send([UInt8](repeating: 1, count: 99))
                }
            }
            peer.hangUp()
            #expect(held.responders.allSatisfy { !$0.isOpen })
            #expect(held.streams.allSatisfy { !$0.isWritable })
            let answered = peer.transport.counters.answered
            #expect(answered.started == answered.endedCount)
            #expect(peer.transport.counters.connectionsOpen == 0)
        }
    }

    private static func conversation(_ random: inout RandomSource) -> [UInt8] {
        let paths = ["/t/Echo", "/t/Hold", "/t/Count", "/t/Watch", "/t/Duplex", "/t/Nothing"]
        var bytes = Frames.preface
        for index in 0..<12 {
            let stream = UInt32(2 * index + 1)
            let path = paths[random.below(paths.count)]
            bytes += Frames.request(
                path, stream: stream, extra: [("grpc-timeout", "9S"), ("x-a", "b")])
            if path == "/t/Duplex" { bytes += Frames.message([9], stream: stream, isEnd: false) }
            bytes += Frames.message([UInt8](repeating: 5, count: random.below(60)), stream: stream)
            switch random.below(5) {
            case 0: bytes += Frames.frame(Frames.reset, flags: 0, stream: stream, Frames.bytes(8))
            case 1: bytes += Frames.frame(6, flags: 0, stream: 0, [UInt8](repeating: 1, count: 8))
            case 2: bytes += Frames.frame(8, flags: 0, stream: 0, Frames.bytes(1000))
            default: break
            }
        }
        return bytes
    }

    private static func mutated(_ bytes: [UInt8], _ random: inout RandomSource) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<random.below(6) {
            let place = random.below(bytes.count)
            switch random.below(4) {
            case 0: bytes[place] = UInt8(random.below(256))
            case 1: bytes[place] ^= 1 << UInt8(random.below(8))
            case 2: bytes.remove(at: place)
            default: bytes.insert(UInt8(random.below(256)), at: place)
            }
        }
        if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
        return bytes
    }
}
