import CLehrWire
import LehrCore
import LehrRPC
import LehrWire
import Testing

/// What calls with many messages of the caller do, the same on every transport.
@Suite struct DuplexConformanceTests {
    /// Adds up what it reads, one message at a time, and answers with the sum.
    private static var sum: ServiceTable.Handler {
        .bidirectional { _, stream in
            var total = 0
            stream.onMessage = { [unowned stream] message in
                total += message.reduce(0) { $0 + Int($1) }
                stream.request(1)
            }
            // Its end of the call is kept by what it set, until it finishes.
            stream.onEnd = {
                stream.send([UInt8(total & 255), UInt8(total >> 8)])
                stream.finish(nil)
            }
            stream.request(1)
        }
    }

    /// Answers each message with itself.
    private static var echo: ServiceTable.Handler {
        .bidirectional { _, stream in
            stream.onMessage = { [unowned stream] message in
                stream.send(message)
                stream.request(1)
            }
            stream.onEnd = { stream.finish(nil) }
            stream.request(1)
        }
    }

    @Test(arguments: Carrier.allCases, [0, 1, 5, 1000])
    func manyMessagesAreAnsweredWithOne(carrier: Carrier, count: Int) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Sum", Self.sum)
            var isInside = true
            let call = channel.clientStreaming("/t/Sum", CallOptions()) { result in
                #expect(!isInside)
                #expect(result == .success([UInt8(3 * count & 255), UInt8((3 * count) >> 8)]))
                scene.finish()
            }
            for _ in 0..<count { call.send([1, 2]) }
            call.finishSending()
            call.finishSending()
            call.send([9])
            isInside = false
        }
    }

    @Test(arguments: Carrier.allCases)
    func pingPong(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Echo", Self.echo)
            var seen: [Int] = []
            var call: (any ClientStream)?
            call = channel.bidirectional("/t/Echo", CallOptions()) { message in
                seen.append(message.count)
                guard seen.count < 20 else { return call?.finishSending() ?? () }
                call?.send([UInt8](repeating: 7, count: seen.count * 5000))
                call?.request(1)
            } onEnd: { error in
                #expect(error == nil)
                #expect(seen == (0..<20).map { $0 * 5000 })
                scene.finish()
            }
            call?.send([])
            call?.request(1)
        }
    }

    /// The handler answers later, the last one after the caller has said that there are no more.
    @Test(arguments: Carrier.allCases)
    func anExchangeAnswersEachMessageBeforeItReadsTheNext(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let services = ServiceTable()
            var (open, mostOpen) = (0, 0)
            services.exchange(CoordinatorMethods.keepAlive) { _, request, respond in
                let sequence = request.sequence
                open += 1
                mostOpen = max(mostOpen, open)
                _ = scene.core.schedule(after: .milliseconds(2)) {
                    open -= 1
                    respond.succeed { answer, _ in answer.sequence = sequence }
                }
            }
            let channel = scene.client.channel(to: try scene.serve(services).address)
            var seen: [UInt64] = []
            let stream = channel.bidirectional(CoordinatorMethods.keepAlive) { answer in
                seen.append(answer.pointee.sequence)
            } onEnd: { error in
                #expect(error == nil && seen == [1, 2, 3, 4, 5] && mostOpen == 1)
                scene.finish()
            }
            for number in 1...5 as ClosedRange<UInt64> {
                stream.send { request, _ in request.sequence = number }
            }
            stream.untyped.request(10)
            stream.untyped.finishSending()
        }
    }

    @Test(arguments: Carrier.allCases)
    func anExchangeEndsWithTheFirstFailure(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let services = ServiceTable()
            services.exchange(CoordinatorMethods.keepAlive) { _, request, respond in
                guard request.sequence < 2 else { return respond.fail(.aborted, "enough") }
                respond.succeed { _, _ in }
            }
            let channel = scene.client.channel(to: try scene.serve(services).address)
            var answers = 0
            let stream = channel.bidirectional(CoordinatorMethods.keepAlive) { _ in
                answers += 1
            } onEnd: { error in
                #expect(error == RPCError(.aborted, "enough") && answers == 1)
                let path = CoordinatorMethods.keepAlive.path
                let next = channel.bidirectional(path, CallOptions()) { _ in
                } onEnd: { error in
                    #expect(error?.code == .invalidArgument)
                    scene.finish()
                }
                next.send([0xFF, 0xFF])
                next.request(1)
            }
            for number in 1...3 as ClosedRange<UInt64> {
                stream.send { request, _ in request.sequence = number }
            }
            stream.untyped.request(10)
        }
    }

    @Test(arguments: Carrier.allCases)
    func aCallerMayAlsoSendOneMessageToAReaderOfMany(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Sum", Self.sum)
            _ = channel.unary("/t/Sum", [5, 6], CallOptions()) { result in
                #expect(result == .success([11, 0]))
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases, [(0, StatusCode.internal), (1, .ok), (2, .internal)])
    func aMethodOfOneMessageTakesOne(carrier: Carrier, expected: (Int, StatusCode)) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel(
                "/t/One", .unary { _, message, responder in responder.succeed(message) })
            let call = channel.clientStreaming("/t/One", CallOptions()) { result in
                #expect(result.code == expected.1)
                scene.finish()
            }
            for _ in 0..<expected.0 { call.send([1]) }
            call.finishSending()
        }
    }

    @Test(arguments: Carrier.allCases)
    func anAnswerOfTwoMessagesIsNotOne(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Echo", Self.echo)
            let call = channel.clientStreaming("/t/Echo", CallOptions()) { result in
                #expect(result == .failure(.surplusAnswer("/t/Echo")))
                scene.finish()
            }
            for _ in 0..<2 { call.send([1]) }
            call.finishSending()
        }
    }

    @Test(arguments: Carrier.allCases)
    func theEndWaitsUntilTheMessagesWereAskedFor(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel(
                "/t/Three",
                .bidirectional { _, stream in
                    for index in 0..<3 as Range<UInt8> { stream.send([index]) }
                    stream.finish(RPCError(.dataLoss, "no more"))
                })
            var seen: [UInt8] = []
            let call = channel.bidirectional("/t/Three", CallOptions()) {
                seen += $0
            } onEnd: { error in
                #expect(seen == [0, 1, 2])
                #expect(error == RPCError(.dataLoss, "no more"))
                scene.finish()
            }
            scene.after(.milliseconds(20)) {
                #expect(seen == [])
                call.request(2)
                #expect(seen == [])
                scene.after(.milliseconds(20)) {
                    #expect(seen == [0, 1])
                    call.request(1)
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func anEarlyAnswerEndsTheCallOfAWriter(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel(
                "/t/No",
                .bidirectional { _, stream in
                    stream.onMessage = { _ in stream.finish(RPCError(.aborted, "enough")) }
                    stream.request(1)
                })
            let writer = DuplexWriter()
            writer.call = channel.bidirectional("/t/No", CallOptions(), onMessage: { _ in }) {
                #expect($0 == RPCError(.aborted, "enough"))
                #expect(writer.call?.isWritable == false)
                scene.finish()
            }
            writer.write(.max, of: 10_000)
        }
    }

    @Test(arguments: Carrier.allCases)
    func cancellingReachesTheReader(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            var ends: [StatusCode] = []
            var cancelled = 0
            var call: (any ClientStream)?
            let channel = try scene.channel(
                "/t/Read",
                .bidirectional { _, stream in
                    stream.onCancel = { cancelled += 1 }
                    stream.onMessage = { _ in
                        #expect(stream.isWritable)
                        scene.after(.zero) { call?.cancel() }
                    }
                    stream.request(10)
                })
            call = channel.bidirectional("/t/Read", CallOptions(), onMessage: { _ in }) {
                ends.append($0?.code ?? .ok)
            }
            call?.send([1])
            scene.once {
                cancelled == 1 && ends == [.cancelled]
            } _: {
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aDeadlineEndsAReaderAndItsCaller(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            var cancelled = 0
            let channel = try scene.channel(
                "/t/Read",
                .bidirectional { context, stream in
                    #expect(context.deadline != nil)
                    // Kept by its own closure until the call ends.
                    stream.onCancel = {
                        cancelled += 1
                        #expect(!stream.isWritable)
                    }
                })
            var ended: StatusCode?
            let options = CallOptions(timeout: .milliseconds(100))
            let call = channel.bidirectional("/t/Read", options, onMessage: { _ in }) {
                ended = $0?.code
            }
            call.send([1])
            scene.once {
                cancelled == 1 && ended == .deadlineExceeded
            } _: {
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aReaderThatLetsGoHasFailed(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Forget", .bidirectional { _, _ in })
            _ = channel.bidirectional("/t/Forget", CallOptions(), onMessage: { _ in }) { error in
                #expect(error == .abandoned)
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func messagesOverTheLimitEndTheCall(carrier: Carrier) throws {
        var limits = RPCLimits()
        limits.messageBytesMax = 1000
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Echo", Self.echo, limits: limits)
            var seen = 0
            let call = channel.bidirectional("/t/Echo", CallOptions()) { _ in
                seen += 1
            } onEnd: { error in
                #expect(error?.code == .resourceExhausted)
                #expect(seen <= 1)
                scene.finish()
            }
            call.request(9)
            call.send([UInt8](repeating: 1, count: 1000))
            call.send([UInt8](repeating: 1, count: 1001))
        }
    }
}

/// Writes as much as its call takes.
final class DuplexWriter {
    var call: (any ClientStream)?
    private(set) var written = 0

    /// Writes `count` messages in all, the first byte of each its number, and then the end.
    func write(_ count: Int, of size: Int) {
        call?.onWritable = { [self] in write(count, of: size) }
        while written < count, let call {
            guard call.isWritable else { return }
            var message = [UInt8](repeating: 0, count: size)
            message[0] = UInt8(written & 255)
            call.send(message)
            written += 1
        }
        call?.finishSending()
    }
}
