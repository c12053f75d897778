import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// Header lists that are small on the wire and large in the reader.
@Suite struct HeaderBombTests {
    private static let echo = Frames.fields("/t/Echo")

    private static func headers(_ block: [UInt8], stream: UInt32 = 1) -> [UInt8] {
        let first = Frames.frame(
            Frames.headers, flags: block.count > 16384 ? 1 : 5, stream: stream,
            Array(block.prefix(16384)))
        guard block.count > 16384 else { return first }
        var rest = block.dropFirst(16384)
        var bytes = first
        while !rest.isEmpty {
            let part = rest.prefix(16384)
            rest = rest.dropFirst(part.count)
            bytes += Frames.frame(
                Frames.continuation, flags: rest.isEmpty ? 4 : 0, stream: stream, Array(part))
        }
        return bytes
    }

    @Test(arguments: [1, 240])
    func aHeaderListOverTheLimitEndsItsCall(fields: Int) throws {
        let scene = try AbuseScene()
        let value = String(repeating: "v", count: 9000 / fields)
        let extra = (0..<fields).flatMap { HPACK.literal("x-\($0)", value) }
        scene.attacker.send(Self.headers(Self.echo + extra))
        #expect(scene.counters.answered[.resourceExhausted] == 1)
        #expect(scene.counters[.headerBytes] == 1 && !scene.attacker.isClosed)
        // The connection and its table of fields are as good as before.
        scene.attacker.send(Frames.request("/t/Echo", stream: 3) + Frames.message([], stream: 3))
        #expect(scene.counters.answered[.ok] == 1)
        scene.expectBystanderServed()
    }

    @Test func aHugeHeaderListEndsItsConnection() throws {
        let scene = try AbuseScene()
        let value = String(repeating: "v", count: 30_000)
        let extra = (0..<4).flatMap { HPACK.literal("x-\($0)", value) }
        scene.attacker.send(Self.headers(Self.echo + extra))
        scene.expectAttackerOut(by: .headerBytes)
    }

    /// One entry of the table, named with a byte each time: 16 KiB that stand for 64 MiB.
    @Test func fieldsFromTheTableCountWhenTheyAreTakenOut() throws {
        let scene = try AbuseScene()
        let value = String(repeating: "v", count: 4000)
        let bomb = (0..<16_000).flatMap { _ in HPACK.indexed(62) }
        scene.attacker.send(Self.headers(Self.echo + HPACK.added("x", value) + bomb))
        scene.expectAttackerOut(by: .headerBytes)
    }

    @Test func trailersCountAsWell() throws {
        let scene = try AbuseScene()
        scene.attacker.send(Frames.request("/t/Duplex", stream: 1))
        let value = String(repeating: "v", count: 30_000)
        let fields = (0..<4).flatMap { HPACK.literal("x-\($0)", value) }
        scene.attacker.send(Self.headers(fields))
        scene.expectAttackerOut(by: .headerBytes)
    }

    /// Changes of the table's size are allowed at the start of a list only, and within our limit.
    @Test(arguments: [HPACK.tableSize(0) + HPACK.tableSize(4096), HPACK.tableSize(4097)])
    func changesOfTheTableAreBounded(change: [UInt8]) throws {
        let scene = try AbuseScene()
        scene.attacker.send(
            Self.headers(change + Self.echo) + Self.headers(Self.echo + change, stream: 3))
        #expect(scene.attacker.isClosed)
        #expect(scene.attacker.goodbye?.code == 9)
        #expect(scene.counters[.violation] == 1)
        scene.expectBystanderServed()
    }

    /// A peer may allow our encoder any table; ours stays small.
    @Test func ourOwnTableStaysSmall() throws {
        let scene = try AbuseScene()
        scene.attacker.send(
            Frames.frame(
                Frames.settings, flags: 0, stream: 0, Frames.setting(1, 0xFFFF_FFFF)))
        scene.attacker.send(Frames.request("/t/Echo", stream: 1) + Frames.message([], stream: 1))
        let block = scene.attacker.frames.first { $0.type == Frames.headers }?.payload
        // It is said to have the 4096 bytes that everyone begins with.
        #expect(block?.starts(with: HPACK.tableSize(4096)) == true)
        scene.expectBystanderServed()
    }

    @Test(arguments: [[0xFF, 0xFE], [0xC3, 0x28], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func textThatIsNotUTF8IsRefused(bytes: [UInt8]) throws {
        let scene = try AbuseScene()
        let fields = HPACK.literal("x-text", bytes)
        scene.attacker.send(Self.headers(Self.echo + fields))
        #expect(scene.counters.answered[.invalidArgument] == 1)
        // A path is only looked up.
        let path = [
            HPACK.literal(":method", "POST"), HPACK.literal(":scheme", "http"),
            HPACK.literal(":path", Array("/t/".utf8) + bytes), HPACK.literal(":authority", "a"),
            HPACK.literal("content-type", "application/grpc"),
        ]
        scene.attacker.send(Self.headers(path.flatMap { $0 }, stream: 3))
        #expect(scene.counters.answered[.unimplemented] == 1)
        #expect(!scene.attacker.isClosed)
        scene.expectBystanderServed()
    }

    /// NUL and line ends would be a field more in another reader's eyes.
    @Test(arguments: [0, 10, 13] as [UInt8])
    func controlCharactersAreRefused(byte: UInt8) throws {
        let scene = try AbuseScene()
        scene.attacker.send(
            Self.headers(Self.echo + HPACK.literal("x-text", [65, byte, 66])))
        #expect(scene.attacker.resetCode(of: 1) == 1)
        scene.expectBystanderServed()
    }

    /// 64 MiB of zeros in 270 KiB, which is past what a message may grow to.
    @Test func aMessageThatGrowsTooMuchIsRefused() throws {
        let scene = try AbuseScene()
        let bomb = try #require(
            Gzip.compress([UInt8](repeating: 0, count: 60 << 20), ratioMax: .max))
        #expect(bomb.count < 300 << 10)
        scene.attacker.send(
            Frames.request("/t/Echo", stream: 1, extra: [("grpc-encoding", "gzip")])
                + Frames.frame(0, flags: 0, stream: 1, [1] + Frames.bytes(UInt32(bomb.count))))
        var rest = bomb[...]
        while !rest.isEmpty {
            let part = rest.prefix(16384)
            rest = rest.dropFirst(part.count)
            scene.attacker.send(
                Frames.frame(0, flags: rest.isEmpty ? 1 : 0, stream: 1, Array(part)))
        }
        #expect(scene.counters.answered[.resourceExhausted] == 1)
        #expect(scene.counters[.messageBytes] == 1 && !scene.attacker.isClosed)
        scene.expectBystanderServed()
        // We send none ourselves.
        #expect(Gzip.compress([UInt8](repeating: 0, count: 60 << 20), ratioMax: 100) == nil)
    }
}
