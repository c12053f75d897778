import CNGHTTP2

/// A call as the source of its DATA frames, for nghttp2's callbacks.
protocol DataSource: AnyObject {
    var outgoing: OutgoingMessages { get set }
    /// nghttp2 was told that there is nothing to send yet.
    var isDeferred: Bool { get set }
    /// Nothing follows what is in `outgoing`.
    var isComplete: Bool { get }
    /// The frame being made takes the last bytes.
    func lastFrame(_ flags: inout UInt32)
    /// Bytes were taken from `outgoing`.
    func hasRead()
}

extension DataSource {
    /// Fills a DATA frame, or says how long it will be: one that is long is written by `write`,
    /// past nghttp2.
    func read(into target: UnsafeMutableRawBufferPointer, _ flags: inout UInt32) -> ssize_t {
        let direct = outgoing.frameBytes(target.count)
        let count = direct ?? outgoing.read(into: target)
        let isLast = direct.map { $0 == outgoing.byteCount } ?? outgoing.isEmpty
        if direct != nil { flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue }
        if isLast, isComplete {
            lastFrame(&flags)
        } else if count == 0 {
            isDeferred = true
            return ssize_t(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        if direct == nil, count > 0 { hasRead() }
        return count
    }

    /// Appends a DATA frame, of the head `head` and as many bytes as `read` has said; false: they are
    /// gone.
    func write(
        _ count: Int, behind head: UnsafePointer<UInt8>, to output: OutputBuffer
    ) -> Bool {
        guard outgoing.byteCount >= count else { return false }
        output.append(head, HTTP2Session.frameHeadBytes)
        outgoing.write(count, to: output)
        hasRead()
        return true
    }
}
