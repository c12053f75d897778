import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

/// Calls to one target. Each goes to a connection that the server has greeted, or waits for one.
final class HTTP2Channel: Channel {
    let target: String
    // The transport owns its channels.
    private unowned let transport: HTTP2Transport
    private var endpoints: EndpointList
    private var names: NameWatch?
    private var waiting: WaitingCalls
    private var random: RandomSource
    /// Bytes kept in case that calls are turned away.
    private var replayBytes = 0
    /// Why no address can be reached, or the target makes no sense.
    private var lastError: RPCError
    private var isUsable = true
    private var wakeTimer: TimerID?

    init(_ target: String, _ transport: HTTP2Transport, _ random: RandomSource) {
        self.target = target
        self.transport = transport
        var random = random
        endpoints = EndpointList(transport.limits.balancing, start: random.below(1 << 16))
        self.random = random
        waiting = WaitingCalls(of: transport)
        lastError = RPCError(.unavailable, "no address of \(target) can be reached yet")
        do throws(RPCError) {
            switch try ChannelTarget(target) {
            case .fixed(let addresses): update(addresses) { $0 }
            case .name(let name):
                names = NameWatch(name, transport) { [unowned self] in lookedUp(name, $0) }
            }
        } catch {
            isUsable = false
            lastError = error
        }
    }

    var arenas: ArenaPool { transport.arenas }

    func unary(
        _ path: String, _ message: [UInt8], _ options: CallOptions,
        _ completion: @escaping (Result<[UInt8], RPCError>) -> Void
    ) -> any Call {
        start(ClientCall(path, options, .unary(completion), self, transport, message: message))
    }

    func serverStreaming(
        _ path: String, _ message: [UInt8], _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> any Call {
        start(
            ClientCall(
                path, options, .stream(onMessage, onEnd), self, transport, message: message))
    }

    func bidirectional(
        _ path: String, _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> any ClientStream {
        start(
            ClientCall(path, options, .stream(onMessage, onEnd), self, transport, message: nil))
    }

    // MARK: Calls

    private func start(_ call: ClientCall) -> ClientCall {
        do throws(RPCError) {
            try call.check()
            guard isUsable else { throw lastError }
            while waiting.isEmpty, let connection = pick(for: call) {
                if connection.start(call) { return call }
            }
            guard call.options.waitsForReady || isHopeful else { throw lastError }
            try waiting.append(call, for: target)
            transport.counters.callsWaiting += 1
            call.watchDeadline()
            wakeLater()
        } catch {
            call.failSoon(error)
        }
        return call
    }

    private func pick(for call: ClientCall) -> ClientConnection? {
        names?.refresh(isNeeded: endpoints.isEmpty)
        return endpoints.pick(avoiding: call.options.avoided)
    }

    private var isHopeful: Bool { endpoints.isHopeful || names?.isLookingUp ?? false }

    func pumpIfWaiting() {
        if !waiting.isEmpty { pump() }
    }

    /// Begins the calls that wait, as far as there is room for them; if there is no hope of it, they
    /// fail but for those that want to wait.
    func pump() {
        while let call = waiting.first(), let connection = pick(for: call) {
            leave(call)
            if !connection.start(call) { enter([call]) }
        }
        guard !waiting.isEmpty, !isHopeful else { return }
        let hopeless = waiting.removeAll { !$0.options.waitsForReady }
        transport.counters.callsWaiting -= hopeless.count
        for call in hopeless { call.end(lastError) }
        wakeLater()
    }

    /// Tries again when the first address may be, for calls that wait without anything under way.
    private func wakeLater() {
        guard wakeTimer == nil, !waiting.isEmpty, !isHopeful else { return }
        let now = transport.reactor.now
        let next = (endpoints.isEmpty ? names?.nextAttempt : endpoints.nextAttempt) ?? now
        wakeTimer = transport.reactor.schedule(after: next - now) { [weak self] in
            self?.wakeTimer = nil
            self?.pump()
        }
    }

    /// Calls that no server has begun to process, in the order in which they were begun, are sent
    /// anew before all others. A call that has no replay, or had too many, fails.
    func replay(_ calls: [ClientCall], _ error: RPCError, replaysMax: Int) {
        var again: [ClientCall] = []
        var failed: [ClientCall] = []
        for call in calls where call.isUnanswered {
            if isUsable, call.rewind(replaysMax: replaysMax) {
                again.append(call)
            } else {
                failed.append(call)
            }
        }
        transport.counters.callsReplayed += UInt64(again.count)
        transport.counters.callsNotReplayed += UInt64(failed.count)
        enter(again)
        for call in failed { call.fail(error) }
        pumpIfWaiting()
    }

    private func enter(_ calls: [ClientCall]) {
        waiting.prepend(calls)
        transport.counters.callsWaiting += calls.count
    }

    /// A call waits no longer.
    func leave(_ call: ClientCall) {
        waiting.remove(call)
        transport.counters.callsWaiting -= 1
    }

    /// A call that waits has more to send.
    func grow(by bytes: Int) throws(RPCError) { try waiting.grow(by: bytes, for: target) }

    /// Whether so many more bytes may be kept for replays; `release` gives them back.
    func keep(_ bytes: Int) -> Bool {
        guard replayBytes + bytes <= transport.limits.replayBytesMax else { return false }
        replayBytes += bytes
        return true
    }

    func release(_ bytes: Int) { replayBytes -= bytes }

    // MARK: Addresses

    private func update(_ addresses: [HostPort], authority: (HostPort) -> HostPort) {
        endpoints.update(addresses) { address in
            Endpoint(
                address, authority: authority(address), of: self, transport,
                RandomSource(seed: random.next()))
        }
    }

    private func lookedUp(_ name: HostPort, _ result: Result<[HostPort], RPCError>) {
        switch result {
        case .success(let addresses): update(addresses) { _ in name }
        // The addresses that are known may still be good.
        case .failure(let error): if endpoints.isEmpty { lastError = error }
        }
        pumpIfWaiting()
    }

    /// The last connection of an address that is no longer ours may have ended.
    func forgetUnused() { endpoints.forgetUnused() }

    /// A connection that took calls, or was to, has ended.
    func lost(_ error: RPCError) {
        guard isUsable else { return }
        lastError = error
        names?.refresh(isNeeded: true)
        pumpIfWaiting()
    }

    /// What calls end with that are in flight when the client is shut down.
    static let shutDownError = RPCError(.unavailable, "the client has shut down")

    /// Ends every call with UNAVAILABLE, and every later one.
    func shutDown() {
        isUsable = false
        lastError = Self.shutDownError
        names?.stop()
        if let wakeTimer { transport.reactor.cancel(wakeTimer) }
        let orphans = waiting.removeAll { _ in true }
        transport.counters.callsWaiting -= orphans.count
        endpoints.shutDown()
        for call in orphans { call.end(lastError) }
    }
}
