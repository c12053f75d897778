import Glibc
import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor

/// A server, clients, so many calls, and the end of them all.
final class SoakRound {
    private let number: Int
    private let options: SoakOptions
    private let reactor: Reactor
    private let services: SoakServices
    private let saboteur: Saboteur
    private let begun: Instant
    private var random: RandomSource
    private var server: HTTP2Transport?
    /// Servers that were replaced.
    private var retired: [HTTP2Transport] = []
    private var clients: [HTTP2Transport] = []
    private var caller: SoakClient?
    private var address = ""
    private var endCount = 0
    private var onDone: (() -> Void)?
    private(set) var problems: [String] = []
    private var progressTimer: TimerID?
    private var progressSeen = 0
    private var isShuttingDown = false

    /// Ends of calls between two acts of sabotage.
    private static let callsPerAct = 1500
    private static let progressInterval = Duration.seconds(10)
    /// What a server lets its calls have when it is replaced, and both sides at the end.
    private static let grace = Duration.milliseconds(50)
    /// After that everything has ended that waits for a peer which is gone.
    private static let drainTime = Duration.milliseconds(800)

    init(_ number: Int, _ options: SoakOptions, _ reactor: Reactor) {
        self.number = number
        self.options = options
        self.reactor = reactor
        begun = reactor.now
        random = RandomSource(seed: options.seed, path: UInt64(number))
        services = SoakServices(on: reactor, random: RandomSource(seed: random.next()))
        saboteur = Saboteur(on: reactor, random: RandomSource(seed: random.next()))
    }

    private static var limits: RPCLimits {
        var limits = RPCLimits()
        // Low enough to be reached by some of the calls.
        limits.streamQueueBytes = 64 << 10
        limits.streamQueueBytesMax = 1536 << 10
        limits.unreadBytesMax = 256 << 10
        // Connections are looked at four times in this, the last time after the last has ended.
        limits.prefaceTimeout = .seconds(2)
        limits.keepAliveInterval = .milliseconds(50)
        limits.keepAliveTimeout = .seconds(5)
        limits.pingIntervalMin = .zero
        limits.connectionAgeMax = .seconds(5)
        limits.connectionAgeGrace = .milliseconds(50)
        return limits
    }

    private func makeTransport() -> HTTP2Transport {
        HTTP2Transport(
            reactor: reactor, limits: Self.limits, security: saboteur,
            random: RandomSource(seed: random.next()))
    }

    /// Begins to call; `onDone` when everything has shut down.
    func begin(_ onDone: @escaping () -> Void) throws {
        self.onDone = onDone
        let server = makeTransport()
        address = try server.listen(at: "127.0.0.1:0", services.table)
        self.server = server
        clients = (0..<options.clients).map { _ in makeTransport() }
        let caller = SoakClient(
            options.calls / options.rounds, on: clients.map { $0.channel(to: address) }, reactor,
            random: RandomSource(seed: random.next())
        ) { [unowned self] in
            callEnded()
        } onDone: { [unowned self] in
            shutDown()
        }
        self.caller = caller
        caller.begin(inFlight: options.inFlight)
        watchProgress()
    }

    private func callEnded() {
        endCount += 1
        if endCount % Self.callsPerAct == 0 { saboteur.act() }
        if endCount == options.calls / options.rounds / 2 { replaceServer() }
    }

    /// Ends the server gracefully; another one listens in its place at once.
    private func replaceServer() {
        guard let old = server else { return }
        retired.append(old)
        old.shutDown(grace: Self.grace) {}
        let new = makeTransport()
        server = new
        do {
            _ = try new.listen(at: address, services.table)
        } catch {
            problems.append("the server cannot be replaced: \(error)")
        }
    }

    private func watchProgress() {
        progressTimer = reactor.schedule(after: Self.progressInterval) { [unowned self] in
            let total = options.calls / options.rounds
            let line = "round \(number): \(endCount) of \(total) calls\n"
            _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            if endCount == progressSeen {
                problems.append("no call has ended in \(Self.progressInterval)")
                problems += state
                return shutDown()
            }
            progressSeen = endCount
            watchProgress()
        }
    }

    /// What is under way, for a person who looks for what is stuck.
    var state: [String] {
        let counters = clients.map(\.counters)
        return [
            "\(caller?.ledger.openCount ?? 0) calls and \(services.ledger.openCount) handlers "
                + "have not ended",
            "clients: \(counters.map { "\($0.made.inFlight)" }.joined(separator: " ")) in flight, "
                + "\(counters.map { "\($0.connectionsOpen)" }.joined(separator: " ")) connections",
            "server: \(server?.counters.answered.inFlight ?? 0) in flight, "
                + "\(server?.counters.connectionsOpen ?? 0) connections",
        ]
    }

    // MARK: The end

    private func shutDown() {
        guard let server, !isShuttingDown else { return }
        isShuttingDown = true
        if let progressTimer { reactor.cancel(progressTimer) }
        progressTimer = nil
        var waiting = clients.count + 1
        for transport in clients + [server] {
            transport.shutDown(grace: Self.grace) { [self] in
                waiting -= 1
                guard waiting == 0 else { return }
                _ = reactor.schedule(after: Self.drainTime) { [self] in finish() }
            }
        }
    }

    private func finish() {
        check()
        let onDone = self.onDone
        self.onDone = nil
        onDone?()
    }

    private func check() {
        guard let caller, let server else { return }
        problems += caller.ledger.problems + services.ledger.problems
        let must = { [self] (condition: Bool, problem: @autoclosure () -> String) in
            if !condition { problems.append(problem()) }
        }
        must(caller.ledger.openCount == 0, "\(caller.ledger.openCount) calls have not ended")
        must(
            services.ledger.openCount == 0,
            "\(services.ledger.openCount) handlers have not heard of the end")
        for transport in clients {
            let counters = transport.counters
            must(counters.made.inFlight == 0, "\(counters.made.inFlight) calls count as in flight")
            must(counters.connectionsOpen == 0, "a client's connection is open")
        }
        for transport in retired + [server] {
            let counters = transport.counters
            must(
                counters.answered.inFlight == 0,
                "\(counters.answered.inFlight) calls count as being answered")
            must(counters.connectionsOpen == 0, "a server's connection is open")
            must(counters.heldBytes == 0, "\(counters.heldBytes) bytes count as held")
        }
        checkThatItWasASoak(caller)
    }

    /// A soak in which nothing happened has shown nothing.
    private func checkThatItWasASoak(_ caller: SoakClient) {
        let total = caller.ends.reduce(0, +)
        if caller.plainOK < total / 2 {
            problems.append("only \(caller.plainOK) of \(total) calls were answered")
        }
        for code in [1, 4, 13, 14] where caller.ends[code] == 0 {
            problems.append("no call has ended with the status \(code)")
        }
        let isLong = total >= 30 * Self.callsPerAct
        for act in Saboteur.Act.allCases where isLong && saboteur.acts[act, default: 0] == 0 {
            problems.append("no connection was broken by \(act)")
        }
        if services.cancelledCount == 0 || caller.compressed == 0 || saboteur.acts.isEmpty {
            problems.append("nothing was cancelled, compressed or broken")
        }
    }

    /// What a round has come to, without holding on to any of it.
    struct Outcome {
        let seconds: Double
        let ends: [Int]
        let compressed: Int
        let cancelledHandlers: Int
        let connections: Int
        let acts: Int
        /// Whether a transport of the round still lives.
        let remains: () -> Bool

        var calls: Int { ends.reduce(0, +) }
    }

    var outcome: Outcome {
        let transports = clients + retired + (server.map { [$0] } ?? [])
        let watches = transports.map { transport in { [weak transport] in transport != nil } }
        return Outcome(
            seconds: Double((reactor.now - begun).nanoseconds) / 1e9, ends: caller?.ends ?? [],
            compressed: caller?.compressed ?? 0,
            cancelledHandlers: services.cancelledCount,
            connections: clients.reduce(0) { $0 + Int($1.counters.connectionsMade) },
            acts: saboteur.acts.values.reduce(0, +), remains: { watches.contains { $0() } })
    }
}
