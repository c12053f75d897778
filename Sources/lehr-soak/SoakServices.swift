import LehrCore
import LehrRPC
import LehrWire

/// The methods that are called: each does what the first message of the call says.
final class SoakServices {
    let table = ServiceTable()
    /// Calls that handlers were given, until they or the transport have ended them.
    let ledger = Ledger()
    /// Handlers that heard that their caller was gone.
    private(set) var cancelledCount = 0
    private let core: any Core
    private var random: RandomSource

    init(on core: any Core, random: RandomSource) {
        self.core = core
        self.random = random
        table.register(CallPlan.Kind.unary.path, .unary { [unowned self] in answer($1, $2) })
        table.register(
            CallPlan.Kind.serverStreaming.path,
            .serverStreaming { [unowned self] in stream($1, to: $2) })
        table.register(
            CallPlan.Kind.clientStreaming.path, .bidirectional { [unowned self] in collect($1) })
        table.register(
            CallPlan.Kind.bidirectional.path, .bidirectional { [unowned self] in echo($1) })
    }

    // MARK: Unary

    private func answer(_ message: [UInt8], _ responder: UnaryResponder) {
        guard let instruction = Instruction(message) else {
            return responder.fail(.invalidArgument, "no instruction")
        }
        responder.metadata.compresses = message.count % 2 == 0
        let end = ledger.begin("a unary call")
        responder.onCancel = { [unowned self] in
            cancelledCount += 1
            end()
        }
        switch instruction.handling {
        case .now, .flood:
            end()
            responder.succeed(message)
        case .later:
            after {
                guard responder.isOpen else { return }
                end()
                responder.succeed(message)
            }
        case .fail:
            end()
            responder.fail(instruction.code, "as it was asked for")
        case .drop: end()
        case .hold:
            let tell = responder.onCancel
            responder.onCancel = {
                tell?()
                withExtendedLifetime(responder) {}
            }
        }
    }

    // MARK: Streams

    private func stream(_ message: [UInt8], to stream: any ServerStream) {
        guard let instruction = Instruction(message) else {
            return stream.finish(RPCError(.invalidArgument, "no instruction"))
        }
        stream.metadata.compresses = message.count % 2 == 0
        let open = begin("a server-streaming call", stream)
        var next = 0
        // Holds the stream until one of both sides ends it.
        let goOn = { [self] in
            while open.isOpen, next < instruction.count,
                stream.isWritable || instruction.handling == .flood
            {
                stream.send(instruction.message(next))
                next += 1
            }
            guard open.isOpen, next == instruction.count else { return }
            stream.onWritable = nil
            conclude(instruction, stream, open)
        }
        stream.onWritable = goOn
        goOn()
    }

    private func collect(_ stream: any ServerDuplex) {
        let open = begin("a client-streaming call", stream)
        var sum = Checksum()
        var instruction: Instruction?
        stream.onMessage = { [unowned stream] message in
            instruction = instruction ?? Instruction(message)
            sum.add(message)
            stream.request(1)
        }
        stream.onEnd = { [self] in
            if instruction == nil || instruction?.code == .ok { stream.send(sum.bytes) }
            conclude(instruction, stream, open)
        }
        stream.request(1)
    }

    private func echo(_ stream: any ServerDuplex) {
        let open = begin("a bidirectional call", stream)
        var instruction: Instruction?
        stream.onMessage = { [unowned stream] message in
            if instruction == nil {
                instruction = Instruction(message)
                stream.metadata.compresses = message.count % 2 == 0
            }
            stream.send(message)
            if stream.isWritable { stream.request(1) }
        }
        stream.onWritable = { [unowned stream] in stream.request(1) }
        stream.onEnd = { [self] in conclude(instruction, stream, open) }
        stream.request(1)
    }

    /// A stream that a handler has not ended.
    private final class OpenStream {
        private(set) var isOpen = true
        private let end: () -> Void

        init(_ end: @escaping () -> Void) { self.end = end }

        func close() {
            isOpen = false
            end()
        }
    }

    private func begin(_ what: String, _ stream: any ServerStream) -> OpenStream {
        let open = OpenStream(ledger.begin(what))
        stream.onCancel = { [unowned self] in
            cancelledCount += 1
            open.close()
        }
        return open
    }

    /// Ends a stream as its caller has asked.
    private func conclude(
        _ instruction: Instruction?, _ stream: any ServerStream, _ open: OpenStream
    ) {
        let finish = { (error: RPCError?) in
            stream.onCancel = nil
            open.close()
            stream.finish(error)
        }
        switch instruction?.handling ?? .now {
        case .now, .flood: finish(nil)
        case .later: after { if open.isOpen { finish(nil) } }
        case .fail: finish(RPCError(instruction?.code ?? .unknown, "as it was asked for"))
        case .drop:
            stream.onCancel = nil
            stream.onWritable = nil
            open.close()
        case .hold:
            let tell = stream.onCancel
            stream.onCancel = {
                tell?()
                withExtendedLifetime(stream) {}
            }
        }
    }

    private func after(_ work: @escaping () -> Void) {
        _ = core.schedule(after: .microseconds(random.below(3000)), work)
    }
}

/// What a client has sent, in short.
struct Checksum: Equatable {
    private var value: UInt64 = 14_695_981_039_346_656_037

    mutating func add(_ message: [UInt8]) {
        // The parts that tell messages apart are their heads, lengths and last bytes.
        for byte in message.prefix(CallPlan.headSize) { add(byte) }
        add(UInt8(truncatingIfNeeded: message.count))
        add(message.last ?? 0)
    }

    private mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 1_099_511_628_211 }

    var bytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}
