import DequeModule
import LehrRPC
import LehrWire

/// Calls of a channel that wait for a connection, in the order in which they were begun; their number
/// and their bytes are bounded.
struct WaitingCalls {
    // A call that has ended is left in place until its turn comes.
    private var queue = Deque<ClientCall>()
    private(set) var count = 0
    private var bytes = 0
    // The transport owns the channels, and they this.
    private unowned let transport: HTTP2Transport

    /// Ended calls beyond the waiting ones that are left in place.
    private static let slack = 64

    init(of transport: HTTP2Transport) { self.transport = transport }

    var isEmpty: Bool { count == 0 }

    mutating func first() -> ClientCall? {
        while let call = queue.first {
            if call.isWaiting { return call }
            queue.removeFirst()
        }
        return nil
    }

    /// Takes a call in; RESOURCE_EXHAUSTED when there are too many, or too many bytes.
    mutating func append(_ call: ClientCall, for target: String) throws(RPCError) {
        guard count < limits.pendingCallsMax else {
            transport.counters.hit(.pendingCalls)
            throw RPCError(
                .resourceExhausted,
                "\(count) calls wait for a connection to \(target), and no more may")
        }
        let more = call.outgoing.byteCount
        guard bytes + more <= limits.pendingBytesMax else { throw tooManyBytes(target) }
        bytes += more
        count += 1
        call.isWaiting = true
        queue.append(call)
    }

    /// A waiting call has more to send; RESOURCE_EXHAUSTED when that was too much.
    mutating func grow(by more: Int, for target: String) throws(RPCError) {
        bytes += more
        guard bytes <= limits.pendingBytesMax else { throw tooManyBytes(target) }
    }

    private var limits: RPCLimits { transport.limits }

    private func tooManyBytes(_ target: String) -> RPCError {
        transport.counters.hit(.pendingBytes)
        return RPCError(
            .resourceExhausted,
            "calls that wait for a connection to \(target) have over \(limits.pendingBytesMax) bytes"
        )
    }

    /// Puts calls before all others, however many there are: they were let in once.
    mutating func prepend(_ calls: [ClientCall]) {
        for call in calls {
            call.isWaiting = true
            bytes += call.outgoing.byteCount
        }
        count += calls.count
        queue.prepend(contentsOf: calls)
    }

    /// A call waits no longer.
    mutating func remove(_ call: ClientCall) {
        guard call.isWaiting else { return }
        call.isWaiting = false
        count -= 1
        bytes -= call.outgoing.byteCount
        if queue.first === call { queue.removeFirst() }
        // An ended call holds its transport, so with the last waiting one all of them go.
        if count == 0 {
            queue.removeAll()
        } else if queue.count > 2 * count + Self.slack {
            queue.removeAll { !$0.isWaiting }
        }
    }

    /// Takes out the calls that `condition` holds for, in order.
    mutating func removeAll(where condition: (ClientCall) -> Bool) -> [ClientCall] {
        let removed = Array(queue.filter { $0.isWaiting && condition($0) })
        for call in removed { remove(call) }
        return removed
    }
}
