import LehrCore
import LehrRPC
import LehrReactor
import LehrWire
import Testing

@testable import LehrHTTP2

/// Calls that the server has turned away unprocessed are sent anew, and no others.
@Suite struct ReplayTests {
    private static let refused: UInt32 = 7

    @Test func callsAboveALastStreamAreSentAgainInTheirOrder() throws {
        try Scene.run(on: .sockets) { scene in
            let server = try RawServer(scene)
            var requests: [[UInt8]] = []
            server.onRequest = { connection, frame in
                requests.append([UInt8(connection.number)] + frame.message)
                guard connection.number == 0 else {
                    return connection.answer(frame.stream, frame.message)
                }
                guard requests.count == 4 else { return }
                connection.answer(1, [1])
                connection.sendGoAway(last: 1)
            }
            let channel = scene.client.channel(to: server.address)
            var answers: [[UInt8]] = []
            for number in UInt8(1)...4 {
                _ = channel.unary("/t/M", [number], CallOptions()) { result in
                    #expect(result == .success([number]))
                    answers.append([number])
                    guard answers.count == 4 else { return }
                    #expect(
                        requests == [[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [1, 3], [1, 4]])
                    #expect(scene.counters.callsReplayed == 3)
                    #expect(scene.counters.connectionsMade == 2)
                    #expect(scene.counters.made.started == 4 && scene.counters.made[.ok] == 4)
                    server.close()
                    scene.finish()
                }
            }
        }
    }

    /// A server that says goodbye at random moments, having dealt with some of the calls it has.
    @Test(arguments: [UInt64(1), 2, 3])
    func noCallIsLostToGoodbyesUnderLoad(seed: UInt64) throws {
        var limits = RPCLimits()
        limits.replaysMax = 100
        try Scene.run(on: .sockets, limits: limits) { scene in
            let server = try RawServer(scene)
            var random = RandomSource(seed: seed)
            var waiting: [Int: [RawServer.Frame]] = [:]
            var goodbyes: [Int: UInt32] = [:]
            var times: [[UInt8]: Int] = [:]
            var turnedAway = 0
            func deal(_ connection: RawServer.Connection) {
                let frames = waiting[connection.number, default: []].prefix(8)
                guard goodbyes[connection.number] == nil, frames.count == 8 else { return }
                waiting[connection.number, default: []].removeFirst(8)
                let isLast = random.below(4) == 0
                let count = isLast ? random.below(8) : 8
                for frame in frames.prefix(count) {
                    times[frame.message, default: 0] += 1
                    connection.answer(frame.stream, frame.message)
                }
                guard isLast else { return scene.core.post { deal(connection) } }
                let last = count == 0 ? max(frames[0].stream, 2) - 2 : frames[count - 1].stream
                goodbyes[connection.number] = last
                turnedAway += 8 - count
                connection.sendGoAway(last: last)
            }
            server.onRequest = { connection, frame in
                waiting[connection.number, default: []].append(frame)
                deal(connection)
            }
            let channel = scene.client.channel(to: server.address)
            var (begun, ended) = (0, 0)
            func more() {
                guard begun < 800 else { return }
                begun += 1
                let message = [UInt8(begun >> 8), UInt8(begun & 255)]
                _ = channel.unary("/t/M", message, CallOptions(timeout: nil)) { result in
                    if scene.isFinished { return }
                    #expect(result == .success(message))
                    ended += 1
                    more()
                    guard ended == 792 else { return }
                    // The last few wait for company that does not come.
                    #expect(times.values.allSatisfy { $0 == 1 })
                    #expect(goodbyes.count > 10 && turnedAway > 20)
                    #expect(scene.counters.callsReplayed > 20)
                    #expect(scene.counters.made[.ok] == 792)
                    server.close()
                    scene.finish()
                }
            }
            for _ in 0..<64 { more() }
        }
    }

    @Test(arguments: [1, 2])
    func aServerThatRefusesAndStaysIsAskedOnceMore(refusals: Int) throws {
        try Scene.run(on: .sockets) { scene in
            let server = try RawServer(scene)
            var requestCount = 0
            server.onRequest = { connection, frame in
                requestCount += 1
                if requestCount <= refusals {
                    connection.sendReset(frame.stream, Self.refused)
                } else {
                    connection.answer(frame.stream, [9])
                }
            }
            let channel = scene.client.channel(to: server.address)
            _ = channel.unary("/t/M", [1], CallOptions()) { result in
                #expect(result.code == (refusals == 1 ? .ok : .unavailable))
                #expect(requestCount == 2)
                #expect(scene.counters.connectionsMade == 1)
                #expect(scene.counters.callsNotReplayed == (refusals == 1 ? 0 : 1))
                server.close()
                scene.finish()
            }
        }
    }

    @Test func replaysAreBounded() throws {
        var limits = RPCLimits()
        limits.replaysMax = 3
        try Scene.run(on: .sockets, limits: limits) { scene in
            let server = try RawServer(scene)
            server.onRequest = { connection, _ in connection.sendGoAway(last: 0) }
            let channel = scene.client.channel(to: server.address)
            _ = channel.unary("/t/M", [1], CallOptions()) { result in
                #expect(result.code == .unavailable)
                #expect(server.connections.count == 4)
                #expect(scene.counters.callsReplayed == 3)
                #expect(scene.counters.callsNotReplayed == 1)
                server.close()
                scene.finish()
            }
        }
    }

    /// Of two calls of 100 bytes only one is kept, so the other ends with the goodbye.
    @Test func theBytesKeptAreBounded() throws {
        var limits = RPCLimits()
        limits.replayBytesMax = 150
        try Scene.run(on: .sockets, limits: limits) { scene in
            let server = try RawServer(scene)
            var seen = 0
            server.onRequest = { connection, frame in
                seen += 1
                if connection.number > 0 { return connection.answer(frame.stream, [1]) }
                if seen == 2 { connection.sendGoAway(last: 0) }
            }
            let channel = scene.client.channel(to: server.address)
            var codes: [StatusCode] = []
            let message = [UInt8](repeating: 7, count: 100)
            func call(_ end: @escaping () -> Void) {
                _ = channel.unary("/t/M", message, CallOptions()) { result in
                    codes.append(result.code)
                    end()
                }
            }
            for _ in 0..<2 {
                call {
                    guard codes.count == 2 else { return }
                    #expect(codes == [.unavailable, .ok])
                    #expect(scene.counters.callsNotReplayed == 1)
                    // What was kept is given back: there is room for another now.
                    seen = 0
                    server.onRequest = { connection, frame in
                        if connection.number > 1 { return connection.answer(frame.stream, [1]) }
                        connection.sendGoAway(last: 0)
                    }
                    scene.core.post {
                        call {
                            #expect(codes == [.unavailable, .ok, .ok])
                            server.close()
                            scene.finish()
                        }
                    }
                }
            }
        }
    }

    enum Ending: CaseIterable {
        /// The connection breaks with the request in the server's hands.
        case lost
        /// The answer has begun when the refusal comes.
        case refusedLate
        /// The server gives up what it has begun.
        case cancelled
    }

    @Test(arguments: Ending.allCases)
    func aCallThatMayHaveBeenProcessedIsNotSentAgain(ending: Ending) throws {
        try Scene.run(on: .sockets) { scene in
            let server = try RawServer(scene)
            var requestCount = 0
            server.onRequest = { connection, frame in
                requestCount += 1
                switch ending {
                case .lost: connection.close()
                case .refusedLate:
                    connection.sendHead(frame.stream)
                    connection.sendReset(frame.stream, Self.refused)
                case .cancelled: connection.sendReset(frame.stream, 8)
                }
            }
            let channel = scene.client.channel(to: server.address)
            _ = channel.unary("/t/Push", [1], CallOptions()) { result in
                #expect(result.code == (ending == .cancelled ? .cancelled : .unavailable))
                scene.after(.milliseconds(30)) {
                    #expect(requestCount == 1)
                    server.close()
                    scene.finish()
                }
            }
        }
    }

    @Test func aStreamsMessagesAreSentAgainAndGoOn() throws {
        try Scene.run(on: .sockets) { scene in
            let server = try RawServer(scene)
            var received: [[UInt8]] = [[], []]
            let channel = scene.client.channel(to: server.address)
            let call = channel.bidirectional("/t/M", CallOptions()) { message in
                #expect(message == [9])
            } onEnd: { error in
                #expect(error == nil)
                #expect(received == [[1, 2], [1, 2, 3]])
                #expect(scene.counters.callsReplayed == 1)
                server.close()
                scene.finish()
            }
            call.request(1)
            server.onFrame = { connection, frame in
                guard frame.type == Frames.data, !frame.payload.isEmpty else { return }
                var rest = frame.payload[...]
                while !rest.isEmpty {
                    received[connection.number].append(rest[rest.startIndex + 5])
                    rest = rest.dropFirst(6)
                }
                switch received[connection.number] {
                case [1, 2] where connection.number == 0: connection.sendGoAway(last: 0)
                case [1, 2]:
                    call.send([3])
                    call.finishSending()
                case [1, 2, 3]: connection.answer(frame.stream, [9])
                default: break
                }
            }
            call.send([1])
            scene.after(.milliseconds(20)) { call.send([2]) }
        }
    }
}
