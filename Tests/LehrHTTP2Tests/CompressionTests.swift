import LehrCore
import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// gzip of messages, where the build has zlib.
@Suite struct CompressionTests {
    private static let long = [UInt8](repeating: 7, count: 100_000)

    private static func limits(_ bytes: Int) -> RPCLimits {
        var limits = RPCLimits()
        limits.messageBytesMax = bytes
        return limits
    }

    @Test(arguments: [50, 4095, 4096, 4097, 100_000, 1_000_000])
    func whatIsCompressedComesBack(size: Int) throws {
        let message = [UInt8](repeating: 7, count: size)
        let packed = try #require(Gzip.compress(message, ratioMax: 100))
        #expect(packed.count < size)
        #expect(try Gzip.decompress(packed, max: size) == message)
        // A bomb by one byte.
        let error = #expect(throws: RPCError.self) {
            try Gzip.decompress(packed, max: size - 1)
        }
        #expect(error?.code == .resourceExhausted)
    }

    @Test func whatDoesNotShrinkIsLeftAlone() {
        var random = RandomSource(seed: 3)
        let noise = (0..<1000).map { _ in UInt8(random.below(256)) }
        #expect(Gzip.compress(noise, ratioMax: 100) == nil)
        #expect(Gzip.compress([], ratioMax: 100) == nil)
        #expect(Gzip.compress([1], ratioMax: 100) == nil)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func garbageIsReadOrRefused(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let good = try #require(
            Gzip.compress((0..<3000).map { UInt8($0 / 7 % 256) }, ratioMax: 100))
        for _ in 0..<600 {
            var bytes = good
            for _ in 0...random.below(3) {
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
            }
            if random.below(3) == 0 { bytes.removeLast(random.below(bytes.count + 1)) }
            if random.below(5) == 0 { bytes.append(0) }
            do throws(RPCError) {
                #expect(try Gzip.decompress(bytes, max: 5000).count == 3000)
            } catch {
                #expect(error.code == .internal || error.code == .resourceExhausted)
            }
        }
    }

    @Test(arguments: [false, true], [false, true])
    func bothSidesMayCompress(request: Bool, answer: Bool) throws {
        try Scene.run(on: .sockets) { scene in
            let channel = try scene.channel(
                "/t/Echo",
                .bidirectional { _, stream in
                    stream.metadata.compresses = answer
                    stream.onMessage = { message in
                        stream.send(message)
                        // May be changed between messages.
                        stream.metadata.compresses = false
                        stream.send(message)
                        stream.finish(nil)
                    }
                    stream.request(1)
                })
            var options = CallOptions()
            options.compresses = request
            var seen: [[UInt8]] = []
            let call = channel.bidirectional("/t/Echo", options) {
                seen.append($0)
            } onEnd: { error in
                #expect(error == nil)
                #expect(seen == [Self.long, Self.long])
                let counters = (scene.client as? HTTP2Transport)?.counters
                #expect((counters?.bytesOut ?? 0 < 50_000) == request)
                #expect((counters?.bytesIn ?? 0 < 150_000) == answer)
                scene.finish()
            }
            call.request(3)
            call.send(Self.long)
        }
    }

    @Test func aBombIsRefused() throws {
        try Scene.run(on: .sockets) { scene in
            let channel = try scene.channel(
                "/t/Echo", .unary { $2.succeed($1) }, limits: Self.limits(99_999))
            var options = CallOptions()
            options.compresses = true
            _ = channel.unary("/t/Echo", Self.long, options) { result in
                #expect(result.code == .resourceExhausted)
                _ = channel.unary("/t/Echo", Array(Self.long.dropLast()), options) { result in
                    #expect(result.code == .ok)
                    scene.finish()
                }
            }
        }
    }

    @Test func anAnswerIsCompressedOnlyForWhoTakesIt() throws {
        let services = ServiceTable()
        services.register(
            "/t/Long",
            .unary { _, _, responder in
                responder.metadata.compresses = true
                responder.succeed(Self.long)
            })
        let accepted: [(value: String?, isCompressed: Bool)] = [
            (nil, false), ("identity", false), ("deflate, gzip", true), ("xgzip", false),
        ]
        for (value, isCompressed) in accepted {
            let peer = try RawPeer(services)
            peer.send(Frames.preface)
            let extra = value.map { [("grpc-accept-encoding", $0)] } ?? []
            peer.send(
                Frames.request("/t/Long", stream: 1, extra: extra) + Frames.message([], stream: 1))
            let data = peer.frames.first { $0.type == Frames.data }
            #expect(data?.payload.first == (isCompressed ? 1 : 0), "\(value ?? "nothing")")
        }
    }
}
