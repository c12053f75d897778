import LehrCore
import LehrRPC
import LehrWire
import Testing

/// Retries and hedges on virtual time: when, how often, and when not.
@Suite struct RepetitionTests {
    /// A client and a server whose handler a test scripts by the number of the attempt, from 0.
    private final class Pair {
        let time = VirtualTime()
        let server: InMemoryTransport
        let client: InMemoryTransport
        private let home: VirtualCore
        private(set) var arrivals: [Instant] = []
        private(set) var previous: [String?] = []
        private(set) var cancelledCount = 0
        private(set) var ends: [(result: Result<[UInt8], RPCError>, at: Instant)] = []
        private var held: [UnaryResponder] = []
        var answer: (Int, UnaryResponder) -> Void = { _, _ in }

        init(limits: RPCLimits = RPCLimits(), seed: UInt64 = 1) throws {
            let network = InMemoryNetwork(on: time) { _, _, _ in .milliseconds(1) }
            server = InMemoryTransport(
                name: "server", core: VirtualCore(on: time), network: network)
            home = VirtualCore(on: time)
            client = InMemoryTransport(
                name: "client", core: home, network: network, limits: limits,
                random: RandomSource(seed: seed))
            let services = ServiceTable()
            services.register(
                "/t/M",
                .unary { [unowned self] context, _, responder in
                    arrivals.append(time.now)
                    previous.append(context.metadata["grpc-previous-rpc-attempts"])
                    responder.onCancel = { [unowned self] in cancelledCount += 1 }
                    held.append(responder)
                    answer(arrivals.count - 1, responder)
                })
            _ = try server.listen(at: "server:1", services)
        }

        /// Waits between the arrivals, in milliseconds.
        var waits: [Double] {
            zip(arrivals.dropFirst(), arrivals).map { Double(($0 - $1).nanoseconds) / 1e6 }
        }

        @discardableResult
        func call(
            _ repetition: Repetition?, timeout: Duration? = .seconds(10), bytes: Int = 1,
            at target: String = "server:1"
        ) -> (any Call)? {
            var call: (any Call)?
            home.perform {
                var options = CallOptions(timeout: timeout)
                options.repetition = repetition
                let message = [UInt8](repeating: 1, count: bytes)
                call = client.channel(to: target).unary("/t/M", message, options) {
                    [unowned self] in ends.append(($0, time.now))
                }
            }
            return call
        }

        /// Calls and lets everything happen that follows.
        func finish(_ repetition: Repetition?, timeout: Duration? = .seconds(10)) {
            call(repetition, timeout: timeout)
            settle()
        }

        func shutDownClient() { home.perform { client.shutDown(grace: .zero) {} } }

        func settle() {
            time.run(for: .seconds(60))
            held = []
            #expect(client.callsInFlight == (0, 0))
            #expect(server.callsInFlight == (0, 0))
            #expect(time.isIdle)
        }

        var codes: [StatusCode] {
            ends.map {
                if case .failure(let error) = $0.result { return error.code }
                return .ok
            }
        }

        func after(_ delay: Duration, _ work: @escaping () -> Void) {
            _ = server.core.schedule(after: delay, work)
        }

        func perform(_ work: () -> Void) { home.perform(work) }
    }

    private static func retry(_ attemptsMax: Int = 3) -> Repetition {
        .retry(RetryPolicy(attemptsMax: attemptsMax))
    }

    // MARK: Retries

    @Test(arguments: [UInt64(1), 2, 3, 4, 5])
    func aCallIsMadeAgainAfterGrowingDelays(seed: UInt64) throws {
        let pair = try Pair(seed: seed)
        pair.answer = { number, responder in
            if number < 3 { responder.fail(.unavailable, "busy") } else { responder.succeed([7]) }
        }
        pair.finish(Self.retry(5))
        #expect(pair.codes == [.ok])
        #expect(pair.arrivals.count == 4)
        #expect(pair.previous == [nil, "1", "2", "3"])
        // Two ways of a millisecond, and a delay from half of its ceiling up to all of it.
        for (wait, ceiling) in zip(pair.waits, [100.0, 200, 400]) {
            #expect((2 + ceiling / 2...2 + ceiling).contains(wait), "seed \(seed)")
        }
        #expect(pair.client.repeats.retries == 3)
    }

    @Test func attemptsAreBounded() throws {
        let pair = try Pair()
        pair.answer = { $1.fail(.unavailable, "attempt \($0)") }
        pair.finish(Self.retry(3))
        pair.finish(Self.retry(1000))
        #expect(pair.codes == [.unavailable, .unavailable])
        #expect(pair.arrivals.count == 3 + 5)
        #expect(pair.ends[0].result == .failure(RPCError(.unavailable, "attempt 2")))
    }

    @Test(arguments: [nil, RetryPolicy(codes: [.aborted])])
    func withoutAPolicyForItAFailureIsFinal(policy: RetryPolicy?) throws {
        let pair = try Pair()
        pair.answer = { $1.fail(.unavailable, "no") }
        pair.finish(policy.map { .retry($0) })
        #expect(pair.codes == [.unavailable])
        #expect(pair.arrivals.count == 1)
    }

    @Test func theDeadlineIsThatOfAllAttempts() throws {
        let pair = try Pair()
        let start = pair.time.now
        pair.answer = { number, responder in
            // The second attempt is not answered.
            if number == 0 { responder.fail(.unavailable, "no") }
        }
        pair.finish(Self.retry(), timeout: .milliseconds(500))
        #expect(pair.codes == [.deadlineExceeded])
        #expect(pair.arrivals.count == 2)
        #expect(pair.ends[0].at - start == .milliseconds(500))
    }

    @Test func nobodyWaitsForAnAttemptAfterTheDeadline() throws {
        let pair = try Pair()
        let start = pair.time.now
        pair.answer = { $1.fail(.unavailable, "no") }
        pair.finish(Self.retry(), timeout: .milliseconds(40))
        #expect(pair.codes == [.unavailable])
        #expect(pair.arrivals.count == 1)
        #expect(pair.ends[0].at - start == .milliseconds(2))
    }

    @Test(arguments: ["0", "1500", "-1", "soon", "99999999999"])
    func aServersPushbackIsHonoured(pushback: String) throws {
        let pair = try Pair()
        pair.answer = { number, responder in
            guard number == 0 else { return responder.succeed([]) }
            responder.metadata.trailing = Metadata([("grpc-retry-pushback-ms", pushback)])
            responder.fail(.unavailable, "later")
        }
        pair.finish(Self.retry())
        switch pushback {
        case "0", "1500":
            #expect(pair.codes == [.ok])
            #expect(pair.waits == [2 + (Double(pushback) ?? .nan)])
        default:
            #expect(pair.codes == [.unavailable])
            #expect(pair.arrivals.count == 1)
            #expect(pair.client.repeats.pushedBack == 1)
        }
    }

    @Test func retriesDoNotStorm() throws {
        var limits = RPCLimits()
        limits.retryTokensMax = 10
        limits.retryTokensPerSuccess = 0.5
        let pair = try Pair(limits: limits)
        var isDead = true
        pair.answer = { _, responder in
            if isDead { responder.fail(.unavailable, "no") } else { responder.succeed([]) }
        }
        for _ in 0..<100 { pair.finish(Self.retry(5)) }
        // Five failures leave half of the tokens, and after that each call is made once.
        #expect(pair.arrivals.count == 4 + 100)
        #expect(pair.client.repeats.throttled == 99)
        #expect(pair.client.repeats.retries == 4)
        // A failure takes its own token first: thirteen good calls give back what one retry needs,
        // but for what a failure between them takes.
        isDead = false
        for _ in 0..<11 { pair.finish(Self.retry(5)) }
        isDead = true
        pair.finish(Self.retry(5))
        #expect(pair.client.repeats.retries == 4)
        isDead = false
        for _ in 0..<4 { pair.finish(Self.retry(5)) }
        isDead = true
        pair.finish(Self.retry(5))
        #expect(pair.client.repeats.retries == 5)
    }

    /// A retry that is planned when the last token goes ends with what it knows.
    @Test func aPlannedRetryIsThrottledToo() throws {
        var limits = RPCLimits()
        limits.retryTokensMax = 4
        let pair = try Pair(limits: limits)
        pair.answer = { $1.fail(.unavailable, "no") }
        pair.call(Self.retry())
        pair.time.run(for: .milliseconds(10))
        pair.call(Self.retry())
        pair.settle()
        #expect(pair.codes == [.unavailable, .unavailable])
        #expect(pair.arrivals.count == 2)
    }

    @Test func cancellingEndsAttemptAndPlan() throws {
        let pair = try Pair()
        pair.answer = { number, responder in
            if number == 0 { responder.fail(.unavailable, "no") }
        }
        let waiting = pair.call(Self.retry())
        pair.time.run(for: .milliseconds(10))
        pair.perform { waiting?.cancel() }
        pair.time.run(for: .seconds(1))
        #expect(pair.codes == [.cancelled])
        #expect(pair.arrivals.count == 1)
        let running = pair.call(Self.retry())
        pair.time.run(for: .milliseconds(10))
        pair.perform { running?.cancel() }
        pair.settle()
        #expect(pair.codes == [.cancelled, .cancelled])
        #expect(pair.arrivals.count == 2)
        #expect(pair.cancelledCount == 1)
    }

    /// One waits for its next attempt, and one for an answer.
    @Test func shuttingDownEndsWhatIsBeingRepeated() throws {
        let pair = try Pair()
        pair.answer = { number, responder in
            if number == 0 { responder.fail(.unavailable, "no") }
        }
        let patient = RetryPolicy(backoffFirst: .seconds(30), backoffMax: .seconds(30))
        pair.call(.retry(patient), timeout: nil)
        pair.time.run(for: .milliseconds(5))
        pair.call(Self.retry(3), timeout: nil)
        pair.time.run(for: .milliseconds(5))
        #expect(pair.arrivals.count == 2)
        #expect(pair.ends.isEmpty)
        pair.shutDownClient()
        pair.settle()
        #expect(pair.codes == [.unavailable, .unavailable])
        #expect(pair.arrivals.count == 2)
        #expect(pair.cancelledCount == 1)
        // Nothing is repeated after it, on a channel of before or on a new one.
        pair.finish(Self.retry(3))
        pair.call(Self.retry(3), at: "server:2")
        pair.settle()
        #expect(pair.codes == [.unavailable, .unavailable, .unavailable, .unavailable])
        #expect(pair.arrivals.count == 2)
        #expect(pair.client.repeats.retries == 0)
    }

    @Test func aCallThatWaitsKeepsItsTransport() throws {
        let time = VirtualTime()
        let network = InMemoryNetwork(on: time) { _, _, _ in .milliseconds(1) }
        var end: StatusCode?
        weak var kept: InMemoryTransport?
        let home = VirtualCore(on: time)
        do {
            let client = InMemoryTransport(name: "client", core: home, network: network)
            kept = client
            var options = CallOptions()
            options.repetition = .retry(RetryPolicy())
            home.perform {
                _ = client.channel(to: "nobody:1").unary("/t/M", [], options) { result in
                    if case .failure(let error) = result { end = error.code }
                }
            }
        }
        time.run(for: .milliseconds(5))
        #expect(kept != nil)
        time.run(for: .seconds(60))
        #expect(end == .unavailable)
        #expect(kept == nil)
    }

    @Test func theBytesKeptForRepetitionAreBounded() throws {
        var limits = RPCLimits()
        limits.repeatBytesMax = 150
        let pair = try Pair(limits: limits)
        pair.answer = { $1.fail(.unavailable, "no") }
        pair.call(Self.retry(2), bytes: 100)
        pair.call(Self.retry(2), bytes: 100)
        pair.settle()
        #expect(pair.arrivals.count == 3)
        #expect(pair.client.repeats.notKept == 1)
        // The bytes of ended calls are given back.
        pair.call(Self.retry(2), bytes: 100)
        pair.settle()
        #expect(pair.arrivals.count == 5)
        #expect(pair.client.repeats.notKept == 1)
    }

    // MARK: Hedges

    private static func hedge(_ attemptsMax: Int = 2, after milliseconds: Int = 10) -> Repetition {
        .hedge(HedgePolicy(delay: .milliseconds(milliseconds), attemptsMax: attemptsMax))
    }

    @Test func aHedgeWinsAndTheSlowAttemptIsCancelled() throws {
        let pair = try Pair()
        let start = pair.time.now
        pair.answer = { [unowned pair] number, responder in
            pair.after(.milliseconds(number == 0 ? 100 : 1)) { responder.succeed([UInt8(number)]) }
        }
        pair.finish(Self.hedge())
        #expect(pair.ends.map(\.result) == [.success([1])])
        #expect(pair.ends[0].at - start == .milliseconds(10 + 1 + 2))
        #expect(pair.waits == [10])
        #expect(pair.previous == [nil, "1"])
        #expect(pair.cancelledCount == 1)
        let counters = pair.client.repeats
        #expect(counters.hedges == 1)
        #expect(counters.hedgesWon == 1)
        #expect(counters.attemptsCancelled == 1)
    }

    @Test func aHedgeLosesAndIsCancelled() throws {
        let pair = try Pair()
        pair.answer = { [unowned pair] number, responder in
            pair.after(.milliseconds(12)) { responder.succeed([UInt8(number)]) }
        }
        pair.finish(Self.hedge())
        #expect(pair.ends.map(\.result) == [.success([0])])
        #expect(pair.arrivals.count == 2)
        #expect(pair.cancelledCount == 1)
        let counters = pair.client.repeats
        #expect(counters.hedges == 1)
        #expect(counters.hedgesWon == 0)
        #expect(counters.attemptsCancelled == 1)
    }

    @Test func aQuickAnswerNeedsNoHedge() throws {
        let pair = try Pair()
        pair.answer = { $1.succeed([]) }
        pair.finish(Self.hedge())
        #expect(pair.codes == [.ok])
        #expect(pair.arrivals.count == 1)
        #expect(pair.client.repeats.hedges == 0)
    }

    @Test func aFailureThatIsNotFinalBringsTheNextHedgeAtOnce() throws {
        let pair = try Pair()
        pair.answer = { number, responder in
            if number < 2 { responder.fail(.unavailable, "no") } else { responder.succeed([2]) }
        }
        pair.finish(Self.hedge(3, after: 1000))
        #expect(pair.ends.map(\.result) == [.success([2])])
        #expect(pair.waits == [2, 2])
    }

    @Test func aFinalFailureEndsAllAttempts() throws {
        let pair = try Pair()
        pair.answer = { number, responder in
            if number == 1 { responder.fail(.invalidArgument, "never") }
        }
        pair.finish(Self.hedge(4))
        #expect(pair.codes == [.invalidArgument])
        #expect(pair.arrivals.count == 2)
        #expect(pair.cancelledCount == 1)
    }

    @Test func whenAllAttemptsFailTheLastFailureCounts() throws {
        let pair = try Pair()
        pair.answer = { [unowned pair] number, responder in
            pair.after(.milliseconds(number == 0 ? 50 : 5)) {
                responder.fail(.unavailable, "attempt \(number)")
            }
        }
        pair.finish(Self.hedge(2))
        #expect(pair.ends.map(\.result) == [.failure(RPCError(.unavailable, "attempt 0"))])
    }

    @Test func hedgesAreThrottledWithRetries() throws {
        var limits = RPCLimits()
        limits.retryTokensMax = 10
        let pair = try Pair(limits: limits)
        var isDead = true
        pair.answer = { [unowned pair] _, responder in
            if isDead { return responder.fail(.unavailable, "no") }
            pair.after(.milliseconds(100)) { responder.succeed([]) }
        }
        for _ in 0..<5 { pair.finish(Self.hedge(1)) }
        isDead = false
        pair.finish(Self.hedge(2))
        #expect(pair.codes.last == .ok)
        #expect(pair.arrivals.count == 6)
        #expect(pair.client.repeats.hedges == 0)
        #expect(pair.client.repeats.throttled == 1)
    }

    @Test func nothingIsHedgedAfterTheDeadline() throws {
        let pair = try Pair()
        pair.finish(Self.hedge(2, after: 100), timeout: .milliseconds(50))
        #expect(pair.codes == [.deadlineExceeded])
        #expect(pair.arrivals.count == 1)
    }
}
