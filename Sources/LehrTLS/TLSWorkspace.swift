import COpenSSL

/// Encrypted bytes on their way between OpenSSL and a socket: memory that all streams of one reactor
/// use in turn, so that a connection at rest keeps none.
///
/// OpenSSL never sees a socket. A stream receives into `input` and lets OpenSSL take from it; what
/// OpenSSL writes gathers in `output`, of which the stream sends many records at once.
package final class TLSWorkspace {
    fileprivate(set) var input: UnsafeRawBufferPointer
    let output: UnsafeMutableRawBufferPointer
    fileprivate(set) var outputCount = 0
    /// What a stream receives into.
    let receiveBuffer: UnsafeMutableRawBufferPointer
    private let method: OpaquePointer

    /// What the socket is asked for at once. With a part of a record that came before, it decrypts to
    /// less than the 64 KiB of a reactor's buffer.
    private static let inputBytes = 47 << 10
    /// Seven full records and some.
    private static let outputBytes = 128 << 10
    /// A record's content, and what it grows by at most.
    static let recordBytes = 16 << 10
    static let recordOverhead = 256

    package init() throws(TLSError) {
        let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = BIO_meth_new(kind, "lehr") else { throw .noMemory }
        self.method = method
        BIO_meth_set_create(method, Bridge.create)
        BIO_meth_set_read(method, Bridge.read)
        BIO_meth_set_write(method, Bridge.write)
        BIO_meth_set_ctrl(method, Bridge.control)
        receiveBuffer = .allocate(byteCount: Self.inputBytes, alignment: 64)
        output = .allocate(byteCount: Self.outputBytes, alignment: 64)
        input = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    deinit {
        BIO_meth_free(method)
        receiveBuffer.deallocate()
        output.deallocate()
    }

    /// Gives a connection this workspace to read from and write to; it must outlive the connection.
    func connect(_ ssl: OpaquePointer) throws(TLSError) {
        guard let bridge = BIO_new(method) else { throw .noMemory }
        BIO_set_data(bridge, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_bio(ssl, bridge, bridge)
    }

    /// Whether another full record fits.
    var hasRoom: Bool { output.count - outputCount >= Self.recordBytes + Self.recordOverhead }

    var hasInput: Bool { !input.isEmpty }

    /// OpenSSL is to have the first bytes of the receive buffer.
    func setInput(received count: Int) {
        input = UnsafeRawBufferPointer(rebasing: receiveBuffer[..<count])
    }

    /// OpenSSL is to have bytes that it did not take before.
    func setInput(copying bytes: [UInt8]) {
        receiveBuffer.copyBytes(from: bytes)
        setInput(received: bytes.count)
    }

    /// What OpenSSL has not taken; it is the caller's to keep.
    func takeInput() -> [UInt8] {
        defer { input = UnsafeRawBufferPointer(start: nil, count: 0) }
        return input.isEmpty ? [] : Array(input)
    }

    /// What OpenSSL has written, until the next write.
    func takeOutput() -> UnsafeRawBufferPointer {
        defer { outputCount = 0 }
        return UnsafeRawBufferPointer(rebasing: output[..<outputCount])
    }
}

/// The callbacks by which OpenSSL reads and writes.
private enum Bridge {
    static let create: @convention(c) (OpaquePointer?) -> Int32 = { bridge in
        BIO_set_init(bridge, 1)
        return 1
    }

    static let read: @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?, Int32) -> Int32 =
        {
            bridge, target, count in
            guard let workspace = workspace(bridge), let target, count > 0 else { return -1 }
            let count = min(Int(count), workspace.input.count)
            guard count > 0 else { return retry(bridge, BIO_FLAGS_READ) }
            clear(bridge)
            UnsafeMutableRawBufferPointer(start: target, count: count)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: workspace.input[..<count]))
            workspace.input = UnsafeRawBufferPointer(rebasing: workspace.input[count...])
            return Int32(count)
        }

    static let write: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = {
        bridge, source, count in
        guard let workspace = workspace(bridge), let source, count > 0 else { return -1 }
        let start = workspace.outputCount
        let count = min(Int(count), workspace.output.count - start)
        guard count > 0 else { return retry(bridge, BIO_FLAGS_WRITE) }
        clear(bridge)
        UnsafeMutableRawBufferPointer(rebasing: workspace.output[start..<start + count])
            .copyMemory(from: UnsafeRawBufferPointer(start: source, count: count))
        workspace.outputCount = start + count
        return Int32(count)
    }

    static let control:
        @convention(c) (OpaquePointer?, Int32, Int, UnsafeMutableRawPointer?) -> Int = {
            _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0
        }

    private static func clear(_ bridge: OpaquePointer?) {
        BIO_clear_flags(bridge, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
    }

    private static func retry(_ bridge: OpaquePointer?, _ direction: Int32) -> Int32 {
        BIO_set_flags(bridge, direction | BIO_FLAGS_SHOULD_RETRY)
        return -1
    }

    private static func workspace(_ bridge: OpaquePointer?) -> TLSWorkspace? {
        BIO_get_data(bridge).map {
            Unmanaged<TLSWorkspace>.fromOpaque($0).takeUnretainedValue()
        }
    }
}
