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
    /// Fills a DATA frame, or says how long it will be: `write` fills one that is long, straight in
    /// the output.
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

    /// Fills a DATA frame whose length `read` has said; false: the bytes are gone.
    func write(into target: UnsafeMutableRawBufferPointer) -> Bool {
        guard outgoing.byteCount >= target.count else { return false }
        _ = outgoing.read(into: target)
        hasRead()
        return true
    }
}
