import LehrReactor

/// One connection of a `ConnectionsLoad`.
final class RawConnection: PollTarget {
    private let socket: Socket
    private let script: CallScript
    private let answerBytes: Int
    private let onCall: (Result<Void, BenchError>) -> Void
    private var stream: UInt32 = 1
    private var reader = FrameReader()
    private var dataBytes = 0
    private var buffer = [UInt8](repeating: 0, count: 2048)

    /// `onCall` learns of each call that was answered in full, and of the first that was not.
    init(
        _ socket: Socket, _ script: CallScript, answerBytes: Int,
        _ onCall: @escaping (Result<Void, BenchError>) -> Void
    ) {
        self.socket = socket
        self.script = script
        self.answerBytes = answerBytes
        self.onCall = onCall
    }

    func start(on reactor: Reactor) throws(BenchError) {
        do throws(SystemError) {
            _ = try reactor.watch(socket.descriptor, self)
        } catch {
            throw BenchError("\(error)")
        }
        send(script.greeting + script.call(on: stream))
    }

    func close() { socket.close() }

    func ready(_ readiness: Readiness) {
        guard readiness.isReadable else { return }
        while true {
            let transfer = buffer.withUnsafeMutableBytes { socket.read(into: $0) }
            guard case .bytes(let count) = transfer else {
                if case .wouldBlock = transfer { return }
                return onCall(.failure(BenchError("the server has closed a connection")))
            }
            reader.feed(buffer[..<count]) { took($0) }
            if count < buffer.count { return }
        }
    }

    private func took(_ frame: FrameReader.Head) {
        switch (frame.type, frame.flags & 1) {
        case (4, 0): send(script.settingsAcknowledgement)
        case (0, _): dataBytes += frame.length
        case (1, 1):
            guard dataBytes == answerBytes else {
                return onCall(.failure(BenchError("a call was answered with \(dataBytes) bytes")))
            }
            onCall(.success(()))
            dataBytes = 0
            stream += 2
            send(script.call(on: stream))
        case (3, _), (7, _):
            onCall(.failure(BenchError("the server has ended a call or a connection")))
        default: break
        }
    }

    /// So little finds room in a socket on which one call waits.
    private func send(_ bytes: [UInt8]) {
        guard case .bytes(bytes.count) = bytes.withUnsafeBytes({ socket.write($0) }) else {
            return onCall(.failure(BenchError("a socket takes no request")))
        }
    }
}
