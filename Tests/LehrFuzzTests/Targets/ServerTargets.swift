import Glibc
import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

@testable import LehrHTTP2

/// A server's connection whose peer sends bytes from the input.
enum ServerTargets {
    /// The bytes as they are.
    static let bytes = FuzzTarget(name: "server-bytes", inputBytesMax: 4096) { input in
        try run(input) { reader, plan in plan.pieces(reader.remainder()) }
    }

    /// Frames made of them.
    static let frames = FuzzTarget(name: "server-frames", inputBytesMax: 1024) { input in
        try run(input) { reader, _ in FrameProgram(reader).pieces }
    }

    private static func run(
        _ input: UnsafeRawBufferPointer, _ pieces: (inout InputReader, SessionPlan) -> [[UInt8]]
    ) throws {
        var reader = InputReader(input)
        let plan = SessionPlan(&reader)
        let greeting = plan.isGreeted ? [FrameBytes.magic + FrameBytes.greeting] : []
        let session = try ServerSession(plan, sending: greeting + pieces(&reader, plan))
        try session.run()
    }
}

/// One connection of a server from its first byte to what must be left of it: nothing.
private final class ServerSession {
    private let plan: SessionPlan
    private let reactor: Reactor
    private let services: FuzzServices
    private let transport: HTTP2Transport
    private let peer: ScriptedPeer
    private var connection: ServerConnection?
    private weak var remains: ServerConnection?
    private var turn = 0
    private var departureTurn: Int?
    private var failure: FuzzFailure?

    /// Turns in which everything must have come to its end after the peer has gone.
    private static let turnsToEnd = 20
    /// Turns for the last answers, after the last piece.
    private static let turnsToAnswer = 4

    init(_ plan: SessionPlan, sending pieces: [[UInt8]]) throws {
        self.plan = plan
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        try require(socketpair(AF_UNIX, kind, 0, &pair) == 0, "there is no pair of sockets")
        peer = ScriptedPeer(pair[1], sending: pieces, checking: FrameChecker())
        reactor = try Reactor()
        services = try FuzzServices()
        transport = HTTP2Transport(
            reactor: reactor, limits: plan.limits, random: RandomSource(seed: 1))
        let connection = transport.serve(Socket(pair[0]), services.table, nil)
        self.connection = connection
        remains = connection
    }

    func run() throws(FuzzFailure) {
        reactor.post { self.nextTurn() }
        reactor.run()
        peer.close()
        services.forgetAll()
        if let failure { throw failure }
        try require(remains == nil, "the connection is still held")
    }

    private func nextTurn() {
        do throws(FuzzFailure) {
            if try takeTurn() { return reactor.post { self.nextTurn() } }
        } catch {
            failure = error
        }
        connection = nil
        reactor.stop()
    }

    /// Returns whether there is another turn.
    private func takeTurn() throws(FuzzFailure) -> Bool {
        turn += 1
        if turn == plan.drainTurn { connection?.drain() }
        if plan.isImpatient { connection?.look() }
        services.turn()
        try services.ledger.check()
        if let connection { try check(connection) }
        guard let departureTurn else {
            peer.sendNext()
            if plan.reads { try peer.read() }
            if peer.hasSentAll { departureTurn = turn + Self.turnsToAnswer }
            return true
        }
        switch turn - departureTurn {
        case 0: try depart()
        case 1: peer.close()
        case Self.turnsToEnd:
            try checkEnd()
            return false
        default: break
        }
        return true
    }

    private func depart() throws(FuzzFailure) {
        if plan.shutsDown {
            let gone = RPCError(.unavailable, "the server is shutting down")
            connection?.abort(gone)
            connection?.flush()
            connection?.close("the server is shutting down", .shutDown)
        }
        switch plan.departure {
        case .atOnce: peer.close()
        case .halfFirst:
            peer.endWriting()
            try peer.read()
        case .unread: break
        }
    }

    /// What holds between two turns.
    private func check(_ connection: ServerConnection) throws(FuzzFailure) {
        let calls = connection.calls
        let counters = transport.counters
        let open = calls.count { !$0.isFinished }
        try require(
            counters.answered.inFlight == UInt64(open),
            "\(counters.answered.inFlight) calls are in flight, and \(open) open")
        try require(
            calls.count <= plan.limits.streamsPerConnectionMax, "\(calls.count) calls at once")
        guard connection.session != nil else {
            return try require(calls.isEmpty, "there are calls without a session")
        }
        let waiting = calls.reduce(0) { $0 + $1.incoming.waitingCount }
        try require(
            connection.unread == waiting,
            "\(connection.unread) bytes count as unread, and \(waiting) wait")
        try require(connection.withheld <= waiting, "more is withheld than waits")
        let held = calls.reduce(0) { $0 + $1.heldBytes }
        try require(
            connection.heldBytes == held && counters.heldBytes == held,
            "\(held) bytes are held, \(connection.heldBytes) by the connection's books, "
                + "\(counters.heldBytes) by the server's")
        try checkBounds(calls)
    }

    private func checkBounds(_ calls: [ServerCall]) throws(FuzzFailure) {
        let limits = plan.limits
        let queueMax = limits.streamQueueBytesMax + limits.messageBytesMax + 64
        try require(
            calls.allSatisfy { $0.outgoing.byteCount <= queueMax }, "a queue is over its bound")
        try require(
            transport.counters.heldBytes <= limits.serverBytesMax, "more is held than allowed")
    }

    /// What is left when the peer has gone.
    private func checkEnd() throws(FuzzFailure) {
        let counters = transport.counters
        try require(counters.connectionsOpen == 0, "the connection is still open")
        try require(counters.answered.inFlight == 0, "a call has not ended")
        try require(counters.heldBytes == 0, "\(counters.heldBytes) bytes are still held")
        try require(connection?.calls.isEmpty == true, "a call is still known")
        try require(
            services.ledger.openCount == 0,
            "\(services.ledger.openCount) handlers have not heard of the end")
        try require(
            services.standard.health.watcherCount == 0, "a watch goes on without its watcher")
    }
}
