import LehrCore
import LehrRPC
import LehrWire
import Testing

/// What only a simulated network can show; what every transport does is in `LehrHTTP2Tests`.
@Suite struct InMemoryTransportTests {
    /// Two processes of one core each: `server` listens at `server:1`.
    struct Pair {
        let time = VirtualTime()
        let network: InMemoryNetwork
        let server: InMemoryTransport
        let client: InMemoryTransport
        let serverCore: VirtualCore
        let clientCore: VirtualCore

        init(_ services: ServiceTable, delay: Duration = .milliseconds(1)) throws {
            network = InMemoryNetwork(on: time) { _, _, _ in delay }
            serverCore = VirtualCore(on: time)
            clientCore = VirtualCore(on: time)
            server = InMemoryTransport(name: "server", core: serverCore, network: network)
            client = InMemoryTransport(name: "client", core: clientCore, network: network)
            _ = try server.listen(at: "server:1", services)
        }

        func call(
            _ path: String, timeout: Duration? = .seconds(10),
            _ completion: @escaping (Result<[UInt8], RPCError>, Instant) -> Void
        ) {
            clientCore.perform {
                _ = client.channel(to: "server:1").unary(path, [1], CallOptions(timeout: timeout)) {
                    completion($0, time.now)
                }
            }
        }
    }

    private static func services(_ body: @escaping ServiceTable.UnaryHandler) -> ServiceTable {
        let services = ServiceTable()
        services.register("/t/M", .unary(body))
        return services
    }

    @Test func aCallTakesTheTimeOfItsTwoWays() throws {
        let pair = try Pair(Self.services { _, message, responder in responder.succeed(message) })
        let start = pair.time.now
        var took: Duration?
        pair.call("/t/M") { result, end in
            #expect(result == .success([1]))
            took = end - start
        }
        pair.time.run(for: .seconds(1))
        #expect(took == .milliseconds(2))
        #expect(pair.client.callsInFlight == (0, 0))
        #expect(pair.server.callsInFlight == (0, 0))
        #expect(pair.time.isIdle)
    }

    @Test func aPausedServerAnswersLate() throws {
        let pair = try Pair(Self.services { _, message, responder in responder.succeed(message) })
        let start = pair.time.now
        var took: Duration?
        pair.serverCore.pause()
        pair.call("/t/M") { _, end in took = end - start }
        pair.time.run(for: .seconds(3))
        #expect(took == nil)
        pair.serverCore.resume()
        pair.time.run(for: .seconds(1))
        #expect(took == .seconds(3) + .milliseconds(1))
    }

    @Test func aServerThatDiesWhilePausedIsNoticed() throws {
        let pair = try Pair(Self.services { _, message, responder in responder.succeed(message) })
        var outcome: Result<[UInt8], RPCError>?
        pair.serverCore.pause()
        pair.call("/t/M") { result, _ in outcome = result }
        pair.time.run(for: .seconds(1))
        pair.serverCore.kill()
        pair.time.run(for: .seconds(1))
        #expect(outcome == .failure(.connectionLost("server")))
    }

    @Test func aBrokenConnectionEndsCallsOnBothSides() throws {
        var held: [UnaryResponder] = []
        var cancelled = 0
        let pair = try Pair(
            Self.services { _, _, responder in
                responder.onCancel = { cancelled += 1 }
                held.append(responder)
            })
        var outcome: Result<[UInt8], RPCError>?
        pair.call("/t/M") { result, _ in outcome = result }
        pair.time.run(for: .seconds(1))
        #expect(pair.client.breakConnections { $0 == "other" } == 0)
        #expect(pair.client.breakConnections { $0 == "server" } == 1)
        pair.time.run(for: .seconds(1))
        #expect(outcome == .failure(.connectionLost("server")))
        #expect(cancelled == 1 && held.allSatisfy { !$0.isOpen })
        #expect(pair.client.callsInFlight == (0, 0) && pair.server.callsInFlight == (0, 0))
    }

    @Test func aRequestThatComesTwiceIsAnsweredOnce() throws {
        var requests = 0
        let pair = try Pair(
            Self.services { _, message, responder in
                requests += 1
                responder.succeed(message)
            })
        pair.network.twin = { source, target, path in
            #expect(source == "client" && target == "server" && path == "/t/M")
            return .seconds(1)
        }
        var answers = 0
        pair.call("/t/M") { _, _ in answers += 1 }
        pair.time.run(for: .milliseconds(500))
        #expect(requests == 1 && answers == 1)
        pair.time.run(for: .seconds(10))
        #expect(requests == 2 && answers == 1)
        #expect(pair.server.callsInFlight == (0, 0))
    }

    @Test func aLostRequestEndsByItsDeadlineOnly() throws {
        let pair = try Pair(Self.services { _, _, responder in responder.succeed([]) })
        pair.network.delay = { _, _, _ in nil }
        let start = pair.time.now
        var ends: [Duration] = []
        pair.call("/t/M", timeout: .seconds(3)) { result, end in
            #expect(result.failure?.code == .deadlineExceeded)
            ends.append(end - start)
        }
        pair.call("/t/M", timeout: nil) { _, end in ends.append(end - start) }
        pair.time.run(for: .seconds(60))
        #expect(ends == [.seconds(3)])
        // The other one waits for ever.
        pair.clientCore.kill()
    }

    @Test func aKilledServerIsLearntAfterTheDelay() throws {
        // The dead tell nobody, and so let go of nothing.
        var held: [UnaryResponder] = []
        let pair = try Pair(Self.services { _, _, responder in held.append(responder) })
        let start = pair.time.now
        var end: Instant?
        pair.call("/t/M") { result, now in
            #expect(result.failure?.code == .unavailable)
            end = now
        }
        pair.time.schedule(at: start + .milliseconds(5)) { pair.serverCore.kill() }
        pair.time.run(for: .seconds(1))
        #expect(end == start + .milliseconds(6))

        var later: RPCError?
        pair.call("/t/M") { result, _ in later = result.failure }
        pair.time.run(for: .seconds(1))
        #expect(later?.code == .unavailable)
    }

    @Test func aKilledClientCancelsItsCallsAndHearsNothing() throws {
        var cancelled = 0
        let pair = try Pair(
            Self.services { _, _, responder in
                responder.onCancel = { cancelled += 1 }
                hold(responder)
            })
        var heard = 0
        pair.call("/t/M") { _, _ in heard += 1 }
        pair.time.run(for: .milliseconds(2))
        pair.clientCore.kill()
        pair.time.run(for: .seconds(20))
        #expect(cancelled == 1)
        #expect(heard == 0)
    }

    @Test func aKilledCoreRunsNothingMore() {
        let time = VirtualTime()
        let core = VirtualCore(on: time)
        var ran = 0
        core.post { ran += 1 }
        _ = core.schedule(after: .seconds(1)) { ran += 1 }
        time.run(for: .milliseconds(1))
        core.kill()
        time.run(for: .seconds(2))
        #expect(ran == 1)
        #expect(!core.mailbox.post {})
    }

    @Test func separateCallsOvertakeAndOneCallDoesNot() throws {
        let services = ServiceTable()
        services.register(
            "/t/S",
            .serverStreaming { _, _, stream in
                for index in 0..<20 { stream.send([UInt8(index)]) }
                stream.finish(nil)
            })
        let pair = try Pair(services)
        var random = RandomSource(seed: 3)
        pair.network.delay = { _, _, _ in .microseconds(random.below(1000)) }
        var orders: [[UInt8]] = [[], []]
        var mixed: [Int] = []
        pair.clientCore.perform {
            for index in 0..<2 {
                _ = pair.client.channel(to: "server:1").serverStreaming(
                    "/t/S", [], CallOptions(),
                    onMessage: { message in
                        orders[index].append(message[0])
                        mixed.append(index)
                    }, onEnd: { #expect($0 == nil) })
            }
        }
        pair.time.run(for: .seconds(1))
        #expect(orders == [Array(0..<20), Array(0..<20)])
        #expect(mixed != mixed.sorted())
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theSameSeedGivesTheSameEventLog(seed: UInt64) throws {
        let (first, second) = (try Self.eventLog(seed: seed), try Self.eventLog(seed: seed))
        #expect(first.count > 400)
        #expect(first == second)
        #expect(try first != Self.eventLog(seed: seed + 100))
    }

    /// 100 calls with random delays and losses, and the server killed on the way.
    private static func eventLog(seed: UInt64) throws -> [String] {
        let pair = try Pair(services { _, message, responder in responder.succeed(message) })
        var random = RandomSource(seed: seed)
        pair.network.delay = { _, _, _ in
            random.below(50) == 0 ? nil : .microseconds(random.below(2000))
        }
        var log: [String] = []
        pair.network.onArrival = { log.append("\($0)") }
        for index in 0..<200 {
            pair.time.schedule(at: pair.time.now + .microseconds(100 * index)) {
                pair.call("/t/M") { result, now in log.append("\(now) \(index) \(result)") }
            }
        }
        pair.time.schedule(at: pair.time.now + .milliseconds(12)) { pair.serverCore.kill() }
        pair.time.run(for: .seconds(60))
        #expect(pair.time.isIdle)
        return log
    }
}

/// Keeps a responder for ever, as a handler does that waits for something that never comes.
private func hold(_ responder: UnaryResponder) {
    let keep = responder.onCancel
    responder.onCancel = {
        keep?()
        withExtendedLifetime(responder) {}
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
