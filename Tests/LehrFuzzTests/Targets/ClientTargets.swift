import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

@testable import LehrHTTP2

/// A client's connection whose server sends bytes from the input.
enum ClientTargets {
    /// The bytes as they are.
    static let bytes = FuzzTarget(name: "client-bytes", inputBytesMax: 4096) { input in
        try run(input) { reader, plan in plan.pieces(reader.remainder()) }
    }

    /// Frames made of them.
    static let frames = FuzzTarget(name: "client-frames", inputBytesMax: 1024) { input in
        try run(input) { reader, _ in FrameProgram(reader).pieces }
    }

    private static func run(
        _ input: UnsafeRawBufferPointer, _ pieces: (inout InputReader, SessionPlan) -> [[UInt8]]
    ) throws {
        var reader = InputReader(input)
        let plan = SessionPlan(&reader)
        let greeting = plan.isGreeted ? [FrameBytes.greeting] : []
        weak var client: HTTP2Transport?
        do {
            let session = try ClientSession(plan, sending: greeting + pieces(&reader, plan))
            client = session.transport
            try session.run()
        }
        try require(client == nil, "the client has not been freed")
    }
}

/// A client with four calls on one connection, from its first byte to what must be left: nothing.
private final class ClientSession {
    let transport: HTTP2Transport
    private let plan: SessionPlan
    private let port: LoopbackPort
    private let reactor: Reactor
    private let pieces: [[UInt8]]
    private var calls: FuzzCalls?
    private var peer: ScriptedPeer?
    private var turn = 0
    private var departureTurn: Int?
    private var isShuttingDown = false
    private var failure: FuzzFailure?

    private static let turnsToConnect = 2000
    private static let turnsToEnd = 20
    private static let turnsToAnswer = 8

    init(_ plan: SessionPlan, sending pieces: [[UInt8]]) throws {
        self.plan = plan
        self.pieces = pieces
        port = try LoopbackPort.get()
        reactor = try Reactor()
        transport = HTTP2Transport(
            reactor: reactor, limits: plan.limits, random: RandomSource(seed: 1))
    }

    func run() throws(FuzzFailure) {
        reactor.post { self.nextTurn() }
        reactor.run()
        peer?.close()
        // The next session must not meet the last connections of this one.
        port.refuseAll()
        if let failure { throw failure }
    }

    private func nextTurn() {
        do throws(FuzzFailure) {
            if try takeTurn() { return reactor.post { self.nextTurn() } }
        } catch {
            failure = error
        }
        reactor.stop()
    }

    /// Returns whether there is another turn.
    private func takeTurn() throws(FuzzFailure) -> Bool {
        turn += 1
        let calls = self.calls ?? FuzzCalls(plan.calls, on: transport.channel(to: port.address))
        self.calls = calls
        guard let peer else {
            if let descriptor = port.accept() {
                peer = ScriptedPeer(
                    descriptor, sending: pieces,
                    checking: FrameChecker(skipping: FrameBytes.magic.count))
                turn = 0
            }
            try require(turn < Self.turnsToConnect, "the client does not connect")
            return true
        }
        // Calls that the server has not begun may be made again, on another connection.
        port.refuseAll()
        try check(calls)
        guard let departureTurn else {
            calls.turn(turn)
            peer.sendNext()
            if plan.reads { try peer.read() }
            if peer.hasSentAll { departureTurn = turn + Self.turnsToAnswer }
            return true
        }
        switch turn - departureTurn {
        case 0: try depart(calls, peer)
        case 1: peer.close()
        case Self.turnsToEnd / 2: shutDown()
        case Self.turnsToEnd:
            try checkEnd(calls)
            return false
        default:
            calls.turn(turn)
            calls.readAll()
        }
        return true
    }

    private func depart(_ calls: FuzzCalls, _ peer: ScriptedPeer) throws(FuzzFailure) {
        calls.readAll()
        if plan.shutsDown { shutDown() }
        switch plan.departure {
        case .atOnce: peer.close()
        case .halfFirst:
            peer.endWriting()
            try peer.read()
        case .unread: break
        }
    }

    private func shutDown() {
        guard !isShuttingDown else { return }
        isShuttingDown = true
        transport.shutDown(grace: .zero) {}
    }

    /// What holds between two turns.
    private func check(_ calls: FuzzCalls) throws(FuzzFailure) {
        try calls.ledger.check()
        let made = transport.counters.made
        try require(
            made.started >= made.endedCount && Int(made.started) == calls.ledger.begun,
            "\(calls.ledger.begun) calls were made, \(made.started) count as begun and "
                + "\(made.endedCount) as ended")
    }

    /// What is left when the server has gone.
    private func checkEnd(_ calls: FuzzCalls) throws(FuzzFailure) {
        let counters = transport.counters
        try require(counters.connectionsOpen == 0, "a connection is still open")
        try require(
            calls.ledger.openCount == 0, "\(calls.ledger.openCount) calls have not ended")
        try require(counters.made.inFlight == 0, "a call counts as not ended")
        _ = calls.readMetadata()
    }
}
