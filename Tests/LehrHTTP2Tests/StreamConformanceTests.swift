import CLehrWire
import LehrCore
import LehrRPC
import LehrWire
import Testing

/// What a server-streaming call does, the same on every transport.
@Suite struct StreamConformanceTests {
    /// Writes `count` messages as fast as its reader takes them.
    private final class Writer {
        var written = 0
        var pauses = 0

        func write(_ count: Int, of size: Int, to stream: any ServerStream) {
            stream.onWritable = { [self] in write(count, of: size, to: stream) }
            while written < count {
                guard stream.isWritable else {
                    pauses += 1
                    return
                }
                var message = [UInt8](repeating: 0, count: size)
                (message[0], message[1]) = (UInt8(written & 255), UInt8(written >> 8))
                stream.send(message)
                written += 1
            }
            stream.finish(nil)
        }
    }

    @Test(arguments: Carrier.allCases)
    func tenThousandMessagesWithBackPressure(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let writer = Writer()
            var limits = RPCLimits()
            limits.streamQueueBytes = 64 << 10
            let channel = try scene.channel(
                "/t/Count",
                .serverStreaming { _, _, stream in writer.write(10_000, of: 200, to: stream) },
                limits: limits)
            var next = 0
            _ = channel.serverStreaming(
                "/t/Count", [1], CallOptions(timeout: nil),
                onMessage: { message in
                    #expect(Int(message[0]) | Int(message[1]) << 8 == next)
                    #expect(message.count == 200)
                    next += 1
                },
                onEnd: { error in
                    #expect(error == nil)
                    #expect(next == 10_000)
                    // 64 KiB hold about 320 messages.
                    #expect(writer.pauses >= 25)
                    scene.finish()
                })
        }
    }

    @Test(arguments: Carrier.allCases)
    func aWriterThatDoesNotStopIsStopped(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            var limits = RPCLimits()
            limits.streamQueueBytes = 10_000
            limits.streamQueueBytesMax = 100_000
            var cancelled = 0
            let channel = try scene.channel(
                "/t/Flood",
                .serverStreaming { _, _, stream in
                    stream.onCancel = { cancelled += 1 }
                    for _ in 0..<1000 { stream.send([UInt8](repeating: 1, count: 1000)) }
                    stream.finish(nil)
                }, limits: limits)
            var bytes = 0
            _ = channel.serverStreaming(
                "/t/Flood", [], CallOptions(), onMessage: { bytes += $0.count },
                onEnd: { error in
                    #expect(error?.code == .resourceExhausted)
                    #expect(bytes <= 101_000)
                    scene.once {
                        cancelled == 1
                    } _: {
                        scene.finish()
                    }
                })
        }
    }

    @Test(arguments: Carrier.allCases, [0, 1, 3])
    func anErrorComesAfterTheMessages(carrier: Carrier, count: Int) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel(
                "/t/Some",
                .serverStreaming { _, _, stream in
                    for index in 0..<count { stream.send([UInt8(index)]) }
                    stream.finish(RPCError(.dataLoss, "no more"))
                })
            var seen: [UInt8] = []
            _ = channel.serverStreaming(
                "/t/Some", [], CallOptions(), onMessage: { seen += $0 },
                onEnd: { error in
                    #expect(error == RPCError(.dataLoss, "no more"))
                    #expect(seen == (0..<UInt8(count)).map { $0 })
                    scene.finish()
                })
        }
    }

    @Test(arguments: Carrier.allCases)
    func messagesArriveWhileTheStreamIsOpen(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let held = Held()
            let channel = try scene.channel(
                "/t/Watch",
                .serverStreaming { _, _, stream in
                    held.streams.append(stream)
                    stream.send([0])
                })
            var seen: [UInt8] = []
            _ = channel.serverStreaming(
                "/t/Watch", [], CallOptions(timeout: nil),
                onMessage: { message in
                    seen += message
                    // Each message is written only when the one before has been read.
                    if seen.count < 5 {
                        held.streams[0].send([UInt8(seen.count)])
                    } else {
                        held.streams[0].finish(nil)
                    }
                },
                onEnd: { error in
                    #expect(error == nil)
                    #expect(seen == [0, 1, 2, 3, 4])
                    scene.finish()
                })
        }
    }

    @Test(arguments: Carrier.allCases)
    func cancellingStopsTheWriterAndTheMessages(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let writer = Writer()
            var cancelled = 0
            let channel = try scene.channel(
                "/t/Endless",
                .serverStreaming { _, _, stream in
                    stream.onCancel = { cancelled += 1 }
                    writer.write(.max, of: 1000, to: stream)
                })
            var seen = 0
            var call: (any Call)?
            call = channel.serverStreaming(
                "/t/Endless", [], CallOptions(timeout: nil),
                onMessage: { _ in
                    seen += 1
                    if seen == 3 { call?.cancel() }
                },
                onEnd: { error in
                    #expect(error?.code == .cancelled)
                    scene.once {
                        cancelled == 1
                    } _: {
                        #expect(seen == 3)
                        let written = writer.written
                        scene.after(.milliseconds(20)) {
                            #expect(writer.written == written)
                            scene.finish()
                        }
                    }
                })
        }
    }

    @Test(arguments: Carrier.allCases)
    func aDeadlineEndsAStream(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let held = Held()
            var cancelled = 0
            let channel = try scene.channel(
                "/t/Watch",
                .serverStreaming { _, _, stream in
                    held.streams.append(stream)
                    stream.onCancel = { cancelled += 1 }
                    stream.send([1])
                })
            var seen = 0
            _ = channel.serverStreaming(
                "/t/Watch", [], CallOptions(timeout: .milliseconds(200)),
                onMessage: { _ in seen += 1 },
                onEnd: { error in
                    #expect(error?.code == .deadlineExceeded)
                    #expect(seen == 1)
                    scene.once {
                        cancelled == 1
                    } _: {
                        #expect(!held.streams[0].isWritable)
                        scene.finish()
                    }
                })
        }
    }

    @Test(arguments: Carrier.allCases)
    func aHandlerThatLetsGoHasFailed(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel(
                "/t/Forget", .serverStreaming { _, _, stream in stream.send([1]) })
            var seen = 0
            _ = channel.serverStreaming(
                "/t/Forget", [], CallOptions(timeout: nil), onMessage: { _ in seen += 1 },
                onEnd: { error in
                    #expect(error == .abandoned)
                    #expect(seen == 1)
                    scene.finish()
                })
        }
    }

    @Test(arguments: Carrier.allCases)
    func typedMessagesStream(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let services = ServiceTable()
            services.serverStreaming(CoordinatorMethods.watchJob) { _, request, stream in
                for version in 1...3 { stream.send { job, _ in job.id = UInt64(version) } }
                stream.finish()
            }
            let channel = scene.client.channel(to: try scene.serve(services).address)
            var seen: [UInt64] = []
            channel.serverStreaming(CoordinatorMethods.watchJob) { request, arena in
                request.job = arena.string("1")
            } onMessage: {
                seen.append($0.pointee.id)
            } onEnd: { error in
                #expect(error == nil)
                #expect(seen == [1, 2, 3])
                scene.finish()
            }
        }
    }
}
