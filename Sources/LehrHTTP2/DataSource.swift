import CNGHTTP2

/// A call as the source of its DATA frames, for nghttp2's callbacks.
protocol DataSource: AnyObject {
    var outgoing: OutgoingMessages { get set }
    /// nghttp2 was told that there is nothing to send yet.
    var isDeferred: Bool { get set }
    /// Nothing follows what is in `outgoing`.
    var isComplete: Bool { get }
    /// The frame being made takes the last bytes, so many of them.
    func lastFrame(_ count: Int, _ flags: inout UInt32)
    /// What ends a stream behind a DATA frame that has ended it for nghttp2: a frame that lacks only the
    /// stream's number; nil: DATA is the end.
    var trailers: UnsafeRawBufferPointer? { get }
    /// Bytes were taken from `outgoing`.
    func hasRead()
}

extension DataSource {
    /// Fills a DATA frame, or says how long it will be: one that is long, or has trailers that nghttp2
    /// does not know of, is written by `write`, past nghttp2.
    func read(into target: UnsafeMutableRawBufferPointer, _ flags: inout UInt32) -> ssize_t {
        let count = min(target.count, outgoing.byteCount)
        if count == outgoing.byteCount, isComplete {
            lastFrame(count, &flags)
        } else if count == 0 {
            isDeferred = true
            return ssize_t(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        if count >= OutgoingMessages.directBytesMin {
            flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        }
        if flags & NGHTTP2_DATA_FLAG_NO_COPY.rawValue == 0, count > 0 {
            outgoing.read(into: UnsafeMutableRawBufferPointer(rebasing: target[..<count]))
            hasRead()
        }
        return count
    }

    /// Appends a DATA frame, of the head `head` and as many bytes as `read` has said; false: they are
    /// gone.
    func write(
        _ count: Int, behind head: UnsafePointer<UInt8>, to output: OutputBuffer
    ) -> Bool {
        guard outgoing.byteCount >= count else { return false }
        let trailers = head[flagsOffset] & endOfStream != 0 ? trailers : nil
        let frame = output.extend(by: HTTP2Session.frameHeadBytes)
        frame.copyMemory(from: UnsafeRawBufferPointer(start: head, count: frame.count))
        if trailers != nil { frame[flagsOffset] &= ~endOfStream }
        outgoing.write(count, to: output)
        if let trailers {
            let end = output.extend(by: trailers.count)
            end.copyMemory(from: trailers)
            UnsafeMutableRawBufferPointer(rebasing: end[streamOffset...]).copyMemory(
                from: UnsafeRawBufferPointer(start: head + streamOffset, count: streamBytes))
        }
        hasRead()
        return true
    }
}

// Where a frame's head has its flags and its stream's number, and the flag of a stream's last frame;
// RFC 9113, 4.1.
private let flagsOffset = 4
private let streamOffset = 5
private let streamBytes = 4
private let endOfStream = UInt8(NGHTTP2_FLAG_END_STREAM.rawValue)
