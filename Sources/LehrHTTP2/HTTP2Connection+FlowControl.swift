import CNGHTTP2
import LehrRPC

// What lets the peer send more. A stream's window grows by what its reader has used, so that a slow
// reader stops its writer. The connection's grows at once, for one slow reader must not stop the
// others, until so much lies unread that memory matters more than that.
extension HTTP2Connection {
    /// Bytes of a stream have arrived, of which `used` are done with and the rest waits; `isLast`:
    /// the stream's window is of no use any more.
    func account(_ stream: Int32, arrived: Int, used: Int, isLast: Bool) {
        guard let session else { return }
        guard used < arrived else {
            consumed += arrived
            if !isLast { nghttp2_session_consume_stream(session, stream, arrived) }
            return
        }
        let waiting = arrived - used
        unread += waiting
        nghttp2_session_consume_stream(session, stream, used)
        var free = arrived
        if unread > transport.limits.unreadBytesMax {
            if withheld == 0 { transport.counters.hit(.unreadBytes) }
            withheld += waiting
            free = used
        }
        consumed += free
    }

    /// Gives back the part of the connection's window that was used since the last time.
    func giveBackWindow() {
        guard let session, consumed > 0 else { return }
        nghttp2_session_consume_connection(session, consumed)
        consumed = 0
    }

    /// Bytes that waited are done with. Outside nghttp2.
    func release(_ stream: Int32, _ count: Int) {
        guard let session, count > 0 else { return }
        unread -= count
        nghttp2_session_consume_stream(session, stream, count)
        // No more is withheld than waits: with the last byte read the window is whole again.
        let free = min(withheld, max(transport.limits.unreadBytesMax, withheld) - unread)
        if free > 0 {
            withheld -= free
            nghttp2_session_consume_connection(session, free)
        }
        markDirty()
    }
}
