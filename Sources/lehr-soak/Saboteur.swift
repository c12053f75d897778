import Glibc
import LehrCore
import LehrRPC
import LehrReactor

/// Stands where TLS would, and breaks the connections that it was given now and then.
final class Saboteur: TransportSecurity {
    /// How a connection is broken.
    enum Act: CaseIterable {
        /// It fails on our side at once, and the peer gets a reset.
        case cut
        /// The same, within what is sent next.
        case cutWithinOutput
        /// We say that nothing more comes, and mean it.
        case halfClose
    }

    private let reactor: Reactor
    private var random: RandomSource
    private var streams: [WeakStream] = []
    private(set) var acts: [Act: Int] = [:]

    init(on reactor: Reactor, random: RandomSource) {
        self.reactor = reactor
        self.random = random
    }

    /// Breaks one of the connections, if there are any.
    func act() {
        streams.removeAll { $0.stream?.canBeBroken != true }
        guard !streams.isEmpty, let stream = streams[random.below(streams.count)].stream else {
            return
        }
        let act = Act.allCases[random.below(Act.allCases.count)]
        acts[act, default: 0] += 1
        switch act {
        case .cut: stream.cut()
        case .cutWithinOutput: stream.cut(after: random.below(20_000))
        case .halfClose: stream.endWriting()
        }
    }

    func accept(
        _ socket: Socket, on reactor: Reactor, timeout: Duration,
        _ completion: @escaping (Result<SecuredStream, HandshakeError>) -> Void
    ) -> any Handshake {
        begin(socket, completion)
    }

    func connect(
        _ socket: Socket, to target: HostPort, on reactor: Reactor, timeout: Duration,
        _ completion: @escaping (Result<SecuredStream, HandshakeError>) -> Void
    ) -> any Handshake {
        begin(socket, completion)
    }

    private func begin(
        _ socket: Socket, _ completion: @escaping (Result<SecuredStream, HandshakeError>) -> Void
    ) -> any Handshake {
        let stream = SabotagedStream(socket)
        streams.append(WeakStream(stream: stream))
        let handshake = NoHandshake(stream)
        reactor.post {
            if !handshake.isCancelled { completion(.success(SecuredStream(stream, nil))) }
        }
        return handshake
    }

    private struct WeakStream {
        weak var stream: SabotagedStream?
    }

    private final class NoHandshake: Handshake {
        private let stream: SabotagedStream
        private(set) var isCancelled = false

        init(_ stream: SabotagedStream) { self.stream = stream }

        func cancel() {
            isCancelled = true
            stream.close()
        }
    }
}
