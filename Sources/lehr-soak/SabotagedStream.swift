import Glibc
import LehrReactor

/// A socket that fails when it is told to.
final class SabotagedStream: GatheringStream {
    private let socket: Socket
    private var isBroken = false
    private var isClosed = false
    /// Bytes that may still be sent; nil: any number.
    private var allowance: Int?

    init(_ socket: Socket) { self.socket = socket }

    var descriptor: Int32 { socket.descriptor }
    var hasUnread: Bool { false }
    var canBeBroken: Bool { !isBroken && !isClosed && allowance == nil }

    /// Has the next read or write fail, and the peer reset when the socket is closed.
    func cut() {
        guard !isClosed else { return }
        isBroken = true
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        // So that the owner is told, and the peer is not.
        shutdown(descriptor, Int32(SHUT_RD))
    }

    /// The same, once so many bytes are out.
    func cut(after bytes: Int) { allowance = bytes }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        isBroken ? .failed(ECONNRESET) : socket.read(into: buffer)
    }

    func write(_ buffer: UnsafeRawBufferPointer) -> Transfer {
        if isBroken { return .failed(EPIPE) }
        guard let left = allowance else { return socket.write(buffer) }
        guard left > 0 else {
            cut()
            return .failed(EPIPE)
        }
        let result = socket.write(UnsafeRawBufferPointer(rebasing: buffer.prefix(left)))
        if case .bytes(let count) = result {
            allowance = left - count
            if allowance == 0 { cut() }
        }
        return result
    }

    func write(_ parts: UnsafeBufferPointer<iovec>) -> Transfer {
        if !isBroken, allowance == nil { return socket.write(parts) }
        var taken = 0
        for part in parts {
            let result = write(UnsafeRawBufferPointer(start: part.iov_base, count: part.iov_len))
            guard case .bytes(let count) = result else { return taken > 0 ? .bytes(taken) : result }
            taken += count
            if count < part.iov_len { break }
        }
        return .bytes(taken)
    }

    func endWriting() { socket.endWriting() }

    func close() {
        isClosed = true
        socket.close()
    }
}
