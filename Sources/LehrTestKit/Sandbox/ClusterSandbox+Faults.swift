import LehrCore
package import LehrRPC

extension ClusterSandbox {
    /// For so long nothing that is sent to or by the transport `name` arrives; then all of it does.
    package func freeze(_ name: String, for duration: Duration) {
        links.hold(name, until: time.now + duration)
    }

    /// Stops a process for so long, as SIGSTOP and SIGCONT do; what it has sent goes on its way.
    package func pause(_ name: String, for duration: Duration) {
        let paused = cores(of: name)
        for core in paused { core.pause() }
        time.schedule(at: time.now + duration) { for core in paused { core.resume() } }
    }

    /// A call of the system takes so long: what the process says after it leaves late, too.
    func stall(_ name: String, for duration: Duration) {
        links.add(
            LinkRule(from: name, to: nil, .held(spread: .zero), until: time.now + duration))
        pause(name, for: duration)
    }

    package func add(_ rule: LinkRule) { links.add(rule) }

    /// Messages that rules have delayed so far, and requests that they have doubled.
    var disturbedCount: Int { links.disturbedCount }

    /// Breaks the connections that a process has made; returns how many calls ended with them.
    package func breakConnections(from source: String) -> Int {
        transports(of: source).reduce(0) { $0 + $1.breakConnections { _ in true } }
    }

    /// The calls of a process to a method stand, and nothing comes through them any more; returns how
    /// many.
    func deafen(_ name: String, to method: String) -> Int {
        transports(of: name).reduce(0) { $0 + $1.deafen { $0.hasSuffix(method) } }
    }

    private func transports(of name: String) -> [InMemoryTransport] {
        guard isAlive(name) else { return [] }
        if name == "coordinator" { return [coordinator?.transport].compactMap { $0 } }
        if let shard = shards.last(where: { $0.name == name }) { return shard.transports }
        if let process = serving.last(where: { $0.name == name }) { return [process.transport] }
        return [workers.last { $0.name == name }?.transport].compactMap { $0 }
    }

    /// Does `action` just before the `count`-th message that matches arrives.
    @discardableResult
    package func atArrival(
        _ count: Int, where matches: @escaping (InMemoryNetwork.Arrival) -> Bool,
        _ action: @escaping () -> Void
    ) -> ArrivalTrigger {
        let trigger = ArrivalTrigger(count: count, where: matches, action)
        triggers.removeAll(where: \.hasFired)
        triggers.append(trigger)
        return trigger
    }
}
