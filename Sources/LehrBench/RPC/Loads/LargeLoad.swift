import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor

/// Large messages, by Lehr's own client or over plain TCP: `h2load` reads eight KiB at a time, so that
/// it rather than the server would be measured.
struct LargeLoad: Load {
    let messageBytes: Int
    let inFlight: Int

    func run(_ count: Int, on server: BenchServer, _ stage: Stage) throws(BenchError) -> Outcome {
        let seconds: Double = try LoadReactor.run { reactor, end in
            switch server.kind {
            case .grpc(let method): calls(count, to: server, method, reactor, end)
            case .tcp: bytes(count, to: server.address, reactor, end)
            case .files: end(.failure(BenchError("\(server.name) takes no messages")))
            }
        }
        return Outcome(perSecond: Double(count) / seconds)
    }

    private func calls(
        _ count: Int, to server: BenchServer, _ method: EchoMethod, _ reactor: Reactor,
        _ end: @escaping (Result<Double, BenchError>) -> Void
    ) {
        let transport = HTTP2Transport(reactor: reactor, random: RandomSource(seed: 1))
        let channel = transport.channel(to: server.address)
        let message = EchoMessage.encoded(messageBytes)
        let options = CallOptions(timeout: .seconds(60))
        var (started, ended) = (0, 0)
        var begin = reactor.now
        func next() {
            started += 1
            _ = channel.unary(method.path, message, options) { result in
                guard case .success(let answer) = result, answer.count + 5 == server.answerBytes
                else { return end(.failure(BenchError("a call has failed: \(result.summary)"))) }
                ended += 1
                if started < count { next() }
                guard ended == count else { return }
                let seconds = Double((reactor.now - begin).nanoseconds) / 1e9
                transport.shutDown(grace: .zero) { end(.success(seconds)) }
            }
        }
        // The connection is made before the clock starts.
        _ = channel.unary(method.path, [], options) { _ in
            begin = reactor.now
            for _ in 0..<min(inFlight, count) { next() }
        }
    }

    private func bytes(
        _ count: Int, to address: String, _ reactor: Reactor,
        _ end: @escaping (Result<Double, BenchError>) -> Void
    ) {
        do throws(RPCError) {
            let target = try HostPort(address)
            _ = Connector(to: target, on: reactor, timeout: .seconds(5)) { result in
                do throws(any Error) {
                    let upload = TCPUpload(
                        try result.get(), self, count: count, on: reactor, end)
                    try upload.start()
                } catch {
                    end(.failure(BenchError("cannot upload over TCP: \(error)")))
                }
            }
        } catch {
            end(.failure(BenchError("\(error)")))
        }
    }
}

extension Result where Success == [UInt8], Failure == RPCError {
    fileprivate var summary: String {
        switch self {
        case .success(let answer): "an answer of \(answer.count) bytes"
        case .failure(let error): "\(error)"
        }
    }
}

/// What `LargeLoad` does, without HTTP/2: as many bytes, in the chunks that the transport uses.
private final class TCPUpload: PollTarget {
    private let socket: Socket
    private let load: LargeLoad
    private let reactor: Reactor
    private let end: (Result<Double, BenchError>) -> Void
    private let message: [UInt8]
    private let total: Int
    private var sent = 0
    private var answered = 0
    private var begin: Instant

    /// As `HTTP2Transport` gathers its output.
    private static let chunkBytes = 128 << 10

    init(
        _ socket: Socket, _ load: LargeLoad, count: Int, on reactor: Reactor,
        _ end: @escaping (Result<Double, BenchError>) -> Void
    ) {
        self.socket = socket
        self.load = load
        self.reactor = reactor
        self.end = end
        message = [UInt8](repeating: UInt8(ascii: "x"), count: load.messageBytes)
        total = count
        begin = reactor.now
    }

    func start() throws(SystemError) {
        begin = reactor.now
        _ = try reactor.watch(socket.descriptor, self)
    }

    func ready(_ readiness: Readiness) {
        var answer = [UInt8](repeating: 0, count: 4096)
        reading: while true {
            switch answer.withUnsafeMutableBytes({ socket.read(into: $0) }) {
            case .bytes(let count): answered += count
            case .wouldBlock: break reading
            case .ended, .failed, .broken: return end(.failure(BenchError("the TCP peer has gone")))
            }
        }
        if answered == total * TCPSink.answerBytes {
            return end(.success(Double((reactor.now - begin).nanoseconds) / 1e9))
        }
        send()
    }

    private func send() {
        let bytes = load.messageBytes
        let allowed = min(total, answered / TCPSink.answerBytes + load.inFlight) * bytes
        while sent < allowed {
            let offset = sent % bytes
            let count = min(Self.chunkBytes, bytes - offset)
            let result = message.withUnsafeBytes {
                socket.write(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
            }
            guard case .bytes(let written) = result else { return }
            sent += written
        }
    }
}
