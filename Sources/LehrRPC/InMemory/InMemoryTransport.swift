package import LehrCore
import LehrWire

/// A core's way to a simulated network, with the semantics of the real one.
package final class InMemoryTransport: Transport {
    /// What the network's `delay` and event log call this transport.
    package let name: String
    package let network: InMemoryNetwork
    package let limits: RPCLimits
    /// Who the servers that this transport calls take it for.
    package let identity: PeerIdentity?
    let home: VirtualCore
    let arenas = ArenaPool()
    private var services = ServiceTable()
    private var addresses: [String] = []
    /// Read on the core.
    package private(set) var repeats = RepeatCounters()
    private var channels: [String: RepeatingChannel] = [:]
    private var random: RandomSource
    // Looked up by number; iterated only in the order of the numbers.
    private var made: [UInt64: InMemoryCall] = [:]
    private var answering: [UInt64: InMemoryServerCall] = [:]
    private var isStopping = false
    private var onIdle: (() -> Void)?

    /// `random` spreads the repetitions of calls.
    package init(
        name: String, core: VirtualCore, network: InMemoryNetwork, limits: RPCLimits = RPCLimits(),
        identity: PeerIdentity? = nil,
        random: RandomSource = RandomSource(seed: 0)
    ) {
        precondition(core.time === network.time, "a network and its cores share one time")
        self.name = name
        self.network = network
        self.limits = limits
        self.identity = identity
        self.random = random
        home = core
        core.whenKilled { [weak self] in self?.killed() }
    }

    package var core: any Core { home }
    /// Calls made and not yet ended, and calls being answered.
    package var callsInFlight: (made: Int, answering: Int) { (made.count, answering.count) }

    package func listen(
        at address: String, _ services: ServiceTable
    ) throws(RPCError) -> String {
        precondition(!isStopping, "a transport that was shut down does not listen again")
        let bound = try network.bind(self, at: address)
        self.services = services
        addresses.append(bound)
        return bound
    }

    package func channel(to target: String) -> any Channel {
        if let known = channels[target] { return known }
        let channel = RepeatingChannel(
            InMemoryChannel(target, self), of: self, limits: limits,
            random: RandomSource(seed: random.next())
        ) { [unowned self] count in count(&repeats) }
        channels[target] = channel
        if isStopping { channel.shutDown(shutDownError) }
        return channel
    }

    package func shutDown(grace: Duration, _ completion: @escaping () -> Void) {
        stopListening()
        isStopping = true
        var isDone = false
        let finish = { [self] in
            guard !isDone else { return }
            isDone = true
            onIdle = nil
            for target in channels.keys.sorted() { channels[target]?.shutDown(shutDownError) }
            endAll(shutDownError)
            completion()
        }
        if answering.isEmpty { return home.post(finish) }
        let timer = home.schedule(after: grace, finish)
        onIdle = { [home] in
            home.cancel(timer)
            home.post(finish)
        }
    }

    /// Breaks the connections to every transport of such a name: calls in flight end with UNAVAILABLE,
    /// whether or not the other side has done what they asked for.
    ///
    /// - Returns: how many calls there were.
    package func breakConnections(to isPeer: (String) -> Bool) -> Int {
        let calls = made.keys.sorted().compactMap { made[$0] }.filter { $0.goes(to: isPeer) }
        for call in calls { call.breakConnection() }
        return calls.count
    }

    /// Leaves calls of such paths open, and lets nothing of their answers arrive any more, as when the
    /// other side has forgotten the connection and says nothing.
    ///
    /// - Returns: how many calls there were.
    package func deafen(_ isPath: (String) -> Bool) -> Int {
        let calls = made.keys.sorted().compactMap { made[$0] }.filter { isPath($0.path) }
        for call in calls { call.goDeaf() }
        return calls.count
    }

    private var shutDownError: RPCError { RPCError(.unavailable, "\(name) has shut down") }

    /// Ends what is in flight, in the order in which it began.
    private func endAll(_ error: RPCError) {
        for number in answering.keys.sorted() { answering[number]?.abort(error) }
        for number in made.keys.sorted() { made[number]?.end(error, tellingServer: true) }
    }

    private func stopListening() {
        for address in addresses { network.unbind(address) }
        addresses = []
    }

    /// The core is dead: its peers learn it as from a connection that breaks.
    private func killed() {
        stopListening()
        isStopping = true
        let error = RPCError.connectionLost(name)
        for number in answering.keys.sorted() { answering[number]?.die(error) }
        for number in made.keys.sorted() { made[number]?.die() }
        answering = [:]
        made = [:]
        for channel in channels.values { channel.forgetAll() }
    }
}

// MARK: - Calls come and go

extension InMemoryTransport {
    /// Begins a call, with its only message if it has just one.
    func start(_ call: InMemoryCall, _ message: [UInt8]?) {
        made[call.number] = call
        if isStopping {
            home.post { call.end(self.shutDownError) }
        } else if let name = call.options.metadata.firstForbidden {
            home.post { call.end(.forbiddenMetadata(name)) }
        } else {
            call.begin(message)
        }
    }

    func ended(_ call: InMemoryCall) { made[call.number] = nil }

    func ended(_ call: InMemoryServerCall) {
        answering[call.client.number] = nil
        if answering.isEmpty { onIdle?() }
    }

    /// The head of a request has arrived; should the core die before it looks, the caller learns it.
    func hold(_ call: InMemoryServerCall) { answering[call.client.number] = call }

    /// The core looks at a request.
    func accept(_ call: InMemoryServerCall) {
        if isStopping {
            call.abort(RPCError(.unavailable, "\(name) is shutting down"))
        } else if let route = services.route(call.client.path) {
            call.begin(route)
        } else {
            call.abort(.unknownMethod(call.client.path))
        }
    }
}
