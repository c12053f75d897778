package import Glibc

/// What became of a read or a write.
package enum Transfer: Equatable, Sendable {
    case bytes(Int)
    /// Nothing now; the reactor will tell.
    case wouldBlock
    /// The peer has ended its side.
    case ended
    /// The `errno` of the failure.
    case failed(Int32)
    /// The peer has broken the protocol of the stream, or has ended it for a reason that it gave.
    case broken(String)
}

/// Bytes both ways on a non-blocking descriptor: a plain socket, or TLS on one.
///
/// Its user reads and writes until it would block, as a `PollTarget` does.
package protocol ByteStream: AnyObject {
    /// For the reactor to watch; bytes go through the stream only.
    var descriptor: Int32 { get }
    /// Whether a read might give something although the descriptor does not become readable.
    var hasUnread: Bool { get }
    /// After a count below the buffer's a next read would block, unless `hasUnread`.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer
    /// Never raises SIGPIPE. After `wouldBlock`, or a count below the buffer's, the next write begins
    /// with the bytes that were not taken.
    func write(_ buffer: UnsafeRawBufferPointer) -> Transfer
    /// Tells the peer that no more comes, and goes on reading.
    func endWriting()
    func close()
}

/// A stream for which several parts of a write need not be put together first.
package protocol GatheringStream: ByteStream {
    /// As `write` of all parts, one behind the other; at most `IOV_MAX` of them, 1,024 on Linux.
    func write(_ parts: UnsafeBufferPointer<iovec>) -> Transfer
}
