import COpenSSL
import LehrReactor

/// TLS on a socket.
///
/// Costs the system calls of a plain socket: one for what arrives, one for all records of a write.
final class TLSStream: ByteStream {
    let socket: Socket
    let ssl: OpaquePointer
    let workspace: TLSWorkspace
    /// OpenSSL finds it from `ssl`.
    let check: PeerCheck
    /// Received, and not yet taken by OpenSSL: with the end of a handshake, or when a reader's buffer
    /// was full.
    var stash: [UInt8] = []
    /// Encrypted, and not yet taken by the socket.
    private var unsent: ArraySlice<UInt8> = []
    /// The last byte of what was encrypted was reported as not taken, so that the writer comes back
    /// for `unsent`. It begins the next write.
    private var owesByte = false
    /// The socket has nothing until the reactor says so.
    private var isDrained = false
    /// How the stream has ended, which is told when what came before was read.
    private var end: Transfer?
    private var isOpen = true
    /// The peer's first byte was looked at.
    var hasHeard = false

    /// Bytes of `unsent`: those of one write, and what OpenSSL says by itself. Beyond: the connection
    /// ends, for the peer does not read but makes us answer.
    private static let unsentBytesMax = 256 << 10

    /// Takes over `socket`; `context` is that of a server or of a client.
    init(
        _ socket: Socket, _ context: OpaquePointer, _ workspace: TLSWorkspace, _ check: PeerCheck
    ) throws(TLSError) {
        guard let ssl = SSL_new(context) else { throw .noMemory }
        self.socket = socket
        self.ssl = ssl
        self.workspace = workspace
        self.check = check
        try workspace.connect(ssl)
        guard check.attach(to: ssl) else { throw .noMemory }
        if SSL_is_server(ssl) == 1 { SSL_set_accept_state(ssl) } else { SSL_set_connect_state(ssl) }
    }

    deinit {
        close()
        SSL_free(ssl)
    }

    /// Tells the server which name was dialled; a numeric address is none.
    func ask(for host: String) {
        guard !host.contains(":"), host.contains(where: \.isLetter) else { return }
        _ = lehr_tls_set_host_name(ssl, host)
    }

    var descriptor: Int32 { socket.descriptor }
    var hasUnread: Bool { !isDrained || !stash.isEmpty || end != nil || SSL_pending(ssl) > 0 }

    // MARK: Reading

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        if let end { return end }
        var hasReceived = false
        while true {
            if !stash.isEmpty || SSL_pending(ssl) > 0 {
                workspace.setInput(copying: stash)
            } else {
                // A short answer has emptied the socket.
                if hasReceived, isDrained { return .wouldBlock }
                hasReceived = true
                let transfer = receive()
                guard case .bytes = transfer else {
                    if transfer != .wouldBlock { end = transfer }
                    return transfer
                }
            }
            let count = decrypt(into: buffer)
            stash = workspace.takeInput()
            if count > 0 { return .bytes(count) }
            // More than two full records' worth holds content, or is sent to keep us busy.
            if !isDrained, end == nil { end = .broken("the peer sends records without content") }
            if let end { return end }
        }
    }

    /// Receives once, into the workspace.
    func receive() -> Transfer {
        let buffer = workspace.receiveBuffer
        let transfer = socket.read(into: buffer)
        if case .bytes(let count) = transfer {
            isDrained = count < buffer.count
            workspace.setInput(received: count)
        } else {
            isDrained = true
        }
        return transfer
    }

    /// Decrypts the workspace's input, as far as it goes and the buffer takes it; notes an end.
    private func decrypt(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var total = 0
        while total < buffer.count, workspace.hasInput || SSL_pending(ssl) > 0 {
            ERR_clear_error()
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[total...])
            let count = SSL_read(ssl, target.baseAddress, Int32(clamping: target.count))
            if count > 0 {
                total += Int(count)
                continue
            }
            switch SSL_get_error(ssl, count) {
            case SSL_ERROR_WANT_READ: break
            case SSL_ERROR_ZERO_RETURN: end = .ended
            default: end = .broken(TLSProblem.take().text(from: peerName))
            }
            break
        }
        if let failure = sendOutput() { end = failure }
        return total
    }

    // MARK: Writing

    func write(_ buffer: UnsafeRawBufferPointer) -> Transfer {
        if let failure = sendOutput() { return failure }
        guard unsent.isEmpty else { return .wouldBlock }
        var count = owesByte ? 1 : 0
        owesByte = false
        while count < buffer.count, unsent.isEmpty {
            if let failure = encrypt(buffer, from: &count) ?? sendOutput() { return failure }
        }
        guard !unsent.isEmpty else { return .bytes(count) }
        owesByte = true
        return count > 1 ? .bytes(count - 1) : .wouldBlock
    }

    /// Encrypts into the workspace until it is full.
    private func encrypt(_ buffer: UnsafeRawBufferPointer, from start: inout Int) -> Transfer? {
        while start < buffer.count, workspace.hasRoom {
            ERR_clear_error()
            let part = buffer[start...].prefix(TLSWorkspace.recordBytes)
            let count = SSL_write(
                ssl, UnsafeRawBufferPointer(rebasing: part).baseAddress, Int32(part.count))
            guard count > 0 else { return .broken(TLSProblem.take().text(from: peerName)) }
            start += Int(count)
        }
        return nil
    }

    /// Sends what OpenSSL has written; what the socket does not take waits in `unsent`. nil: no
    /// failure.
    func sendOutput() -> Transfer? {
        let output = workspace.takeOutput()
        if !unsent.isEmpty {
            unsent += output
            guard unsent.count <= Self.unsentBytesMax else {
                return .broken("the peer does not read what it has us answer")
            }
            return sendUnsent()
        }
        guard !output.isEmpty else { return nil }
        switch socket.write(output) {
        case .bytes(let count):
            if count < output.count { unsent = Array(output[count...])[...] }
            return nil
        case .wouldBlock:
            unsent = Array(output)[...]
            return nil
        case let failure: return failure
        }
    }

    private func sendUnsent() -> Transfer? {
        switch unsent.withUnsafeBytes({ socket.write($0) }) {
        case .bytes(let count):
            // An empty slice would keep its memory.
            unsent = count == unsent.count ? [] : unsent.dropFirst(count)
            return nil
        case .wouldBlock: return nil
        case let failure: return failure
        }
    }

    // MARK: The end

    func endWriting() {
        sayGoodbye()
        socket.endWriting()
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        sayGoodbye()
        socket.close()
    }

    /// Tells the peer that the end is meant, if the socket takes that at once.
    private func sayGoodbye() {
        // OpenSSL forbids it in the middle of a handshake and after a failure.
        guard SSL_is_init_finished(ssl) == 1, end == nil || end == .ended, unsent.isEmpty,
            SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN == 0
        else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        _ = sendOutput()
    }

    var peerName: String { SSL_is_server(ssl) == 1 ? "the client" : "the server" }
}
