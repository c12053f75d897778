package import LehrCore
import LehrWire

/// A simulated network: who listens where, and how long what takes to whom.
///
/// What belongs to one call in one direction stays in order and, once a part of it is lost, so is
/// the rest. Separate calls may overtake each other.
package final class InMemoryNetwork {
    /// The time that `bytes` take between two transports by name, nil: they are lost. The name of an
    /// address at which nobody listens is its host.
    package typealias Delay = (_ source: String, _ target: String, _ bytes: Int) -> Duration?

    /// What has arrived, for event logs.
    package struct Arrival: CustomStringConvertible {
        package enum Kind: String, Sendable { case request, message, end, cancel }

        package let time: Instant
        package let kind: Kind
        /// Numbers the calls of a network, from 0.
        package let call: UInt64
        package let path: String
        package let source: String
        package let target: String
        package let bytes: Int

        package var description: String {
            "\(time.nanoseconds) \(kind.rawValue) \(call) \(path) \(source)>\(target) \(bytes)"
        }
    }

    package let time: VirtualTime
    /// May be replaced at any moment, as to cut a link.
    package var delay: Delay
    /// How much later a request with one message arrives a second time; nil: it does not. The second
    /// answer goes nowhere. HTTP/2 delivers nothing twice: this stands for a request whose caller has
    /// given up and sent another, while the first was still on its way.
    package var twin: (_ source: String, _ target: String, _ path: String) -> Duration? = {
        _, _, _ in nil
    }
    package var onArrival: ((Arrival) -> Void)?
    private var listeners: [String: Listener] = [:]
    private var nextCall: UInt64 = 0
    private var nextPort: UInt16 = 40_000

    /// Bytes that a call's headers and trailers count, for `delay`.
    static let headerBytes = 64
    /// Bytes that a message counts in a queue besides its own.
    static let prefixBytes = 5

    package init(
        on time: VirtualTime, delay: @escaping Delay = { _, _, _ in .microseconds(50) }
    ) {
        self.time = time
        self.delay = delay
    }

    func makeCallNumber() -> UInt64 {
        defer { nextCall += 1 }
        return nextCall
    }

    /// Takes an address for `transport`; port 0: the next free one.
    func bind(_ transport: InMemoryTransport, at text: String) throws(RPCError) -> String {
        var address = try HostPort(text)
        if address.port == 0 {
            repeat {
                address = HostPort(host: address.host, port: nextPort)
                nextPort = nextPort == .max ? 40_000 : nextPort + 1
            } while listener(at: address.description) != nil
        }
        guard listener(at: address.description) == nil else {
            throw RPCError(.unavailable, "cannot listen at \(address): the address is in use")
        }
        listeners[address.description] = Listener(transport: transport)
        return address.description
    }

    func unbind(_ address: String) { listeners[address] = nil }

    func listener(at address: String) -> InMemoryTransport? { listeners[address]?.transport }

    /// The name under which `delay` knows what is at `address`.
    func name(at address: String) -> String {
        if let transport = listener(at: address) { return transport.name }
        return address.lastIndex(of: ":").map { String(address[..<$0]) } ?? address
    }

    /// Lets `arrive` happen when `bytes` have come through `lane`, unless they are lost.
    func send(
        _ kind: Arrival.Kind, of call: InMemoryCall, through lane: inout Lane,
        from source: String, to target: String, bytes: Int, _ arrive: @escaping () -> Void
    ) {
        guard !lane.isBroken else { return }
        guard let delay = delay(source, target, bytes) else {
            lane.isBroken = true
            return
        }
        lane.free = max(lane.free, time.now + max(delay, .zero))
        let (number, path) = (call.number, call.path)
        time.schedule(at: lane.free) {
            self.onArrival?(
                Arrival(
                    time: self.time.now, kind: kind, call: number, path: path,
                    source: source, target: target, bytes: bytes))
            arrive()
        }
    }

    /// A transport that was let go listens no more.
    private struct Listener {
        weak var transport: InMemoryTransport?
    }

    /// One direction of one call.
    struct Lane {
        /// When the last of what was sent arrives.
        var free = Instant(nanoseconds: 0)
        /// Something was lost: nothing arrives any more.
        var isBroken = false
    }
}
