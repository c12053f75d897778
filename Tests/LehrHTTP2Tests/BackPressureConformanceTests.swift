import LehrCore
import LehrHTTP2
import LehrRPC
import LehrWire
import Testing

/// What a reader that does not read does to its writer, the same on every transport.
@Suite struct BackPressureConformanceTests {
    private static let messageBytes = 1 << 20
    /// 1 GiB.
    private static let messageCount = 1024
    /// A stream's window, a writer's queue, and what is on its way.
    private static let unreadMax = 24

    /// Lets a held reader have `count` messages one by one, checking their order.
    private final class Reader {
        var stream: (any ServerDuplex)?
        private(set) var seen = 0

        func hold(_ stream: any ServerDuplex) {
            self.stream = stream
            stream.onMessage = { [self] message in
                #expect(message.count == messageBytes)
                #expect(message[0] == UInt8(seen & 255))
                seen += 1
                self.stream?.request(1)
            }
            stream.onEnd = { [self] in
                self.stream?.finish(nil)
                self.stream = nil
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aStalledServerStopsItsCallerAndNobodyElse(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let services = ServiceTable()
            let reader = Reader()
            services.register("/t/Stall", .bidirectional { _, stream in reader.hold(stream) })
            services.register("/t/Echo", .unary { _, message, answer in answer.succeed(message) })
            let channel = scene.client.channel(to: try scene.serve(services).address)
            let writer = DuplexWriter()
            var ended = false
            writer.call = channel.bidirectional(
                "/t/Stall", CallOptions(timeout: nil), onMessage: { _ in },
                onEnd: { error in
                    #expect(error == nil)
                    #expect(reader.seen == Self.messageCount)
                    ended = true
                    scene.finish()
                })
            writer.write(Self.messageCount, of: Self.messageBytes)
            scene.onceStill({ writer.written }) {
                #expect(reader.seen == 0)
                #expect(!ended)
                #expect((1...Self.unreadMax).contains(writer.written))
                let stalledAt = writer.written
                // The other calls of the connection are not stopped.
                let large = [UInt8](repeating: 1, count: 4 << 20)
                _ = channel.unary("/t/Echo", large, CallOptions()) { result in
                    #expect(result.code == .ok)
                    #expect(writer.written == stalledAt)
                    reader.stream?.request(1)
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aStalledCallerStopsItsServer(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            var written = 0
            var cancelled = 0
            let channel = try scene.channel(
                "/t/Flood",
                .bidirectional { _, stream in
                    stream.onCancel = { cancelled += 1 }
                    func write() {
                        while written < Self.messageCount, stream.isWritable {
                            stream.send([UInt8](repeating: 2, count: Self.messageBytes))
                            written += 1
                        }
                    }
                    stream.onWritable = write
                    write()
                })
            var seen = 0
            let call = channel.bidirectional("/t/Flood", CallOptions(timeout: nil)) { _ in
                seen += 1
            } onEnd: { error in
                #expect(error?.code == .cancelled)
            }
            scene.onceStill({ written }) {
                #expect(seen == 0)
                #expect((1...Self.unreadMax).contains(written))
                call.request(30)
                scene.once {
                    seen == 30
                } _: {
                    #expect((30...30 + Self.unreadMax).contains(written))
                    call.cancel()
                    scene.once {
                        cancelled == 1
                    } _: {
                        scene.finish()
                    }
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aCallerThatDoesNotStopIsStopped(carrier: Carrier) throws {
        var limits = RPCLimits()
        limits.streamQueueBytes = 10_000
        limits.streamQueueBytesMax = 100_000
        try Scene.run(on: carrier, limits: limits) { scene in
            let channel = try scene.channel(
                "/t/Stall", .bidirectional { _, stream in stream.onCancel = { _ = stream } })
            var isInside = true
            let call = channel.bidirectional("/t/Stall", CallOptions(), onMessage: { _ in }) {
                #expect(!isInside)
                #expect($0?.code == .resourceExhausted)
                scene.finish()
            }
            for _ in 0..<1000 { call.send([UInt8](repeating: 1, count: 1000)) }
            isInside = false
        }
    }

    /// Many stalled streams: beyond the bound even the connection's window stays shut.
    @Test func unreadBytesOfAConnectionAreBounded() throws {
        var limits = RPCLimits()
        limits.unreadBytesMax = 20 << 20
        try Scene.run(on: .sockets) { scene in
            let services = ServiceTable()
            let readers = (0..<12).map { _ in Reader() }
            var begun = 0
            services.register(
                "/t/Stall",
                .bidirectional { _, stream in
                    readers[begun].hold(stream)
                    begun += 1
                })
            let (server, address) = try scene.serve(services, limits: limits)
            let channel = scene.client.channel(to: address)
            let writers = readers.map { _ in DuplexWriter() }
            var ended = 0
            for writer in writers {
                writer.call = channel.bidirectional(
                    "/t/Stall", CallOptions(timeout: nil), onMessage: { _ in },
                    onEnd: { error in
                        #expect(error == nil)
                        ended += 1
                        if ended == writers.count { scene.finish() }
                    })
                writer.write(32, of: Self.messageBytes)
            }
            scene.onceStill({ writers.reduce(0) { $0 + $1.written } }) {
                let written = writers.reduce(0) { $0 + $1.written }
                // 20 MiB, the connection's window of 64 MiB, and a queue for each writer.
                #expect((20...20 + 64 + 3 * writers.count).contains(written))
                let counters = (server as? HTTP2Transport)?.counters
                #expect(counters?[.unreadBytes] == 1)
                for reader in readers { reader.stream?.request(1) }
            }
        }
    }
}
