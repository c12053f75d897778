import LehrCore
import LehrRPC
import LehrReactor

/// Connections with one small call at a time on each, from requests that are made beforehand.
///
/// A client that does nothing but send and receive takes the same time for a call however many
/// connections it has; what changes with their number is the server's.
struct ConnectionsLoad {
    let connections: Int
    /// Of what is measured, behind half as long to warm up.
    let seconds: Double

    struct Outcome {
        let perSecond: Double
        /// Of the server's user and system time a call.
        let cpuMicroseconds: Double
        /// Of the server, with all connections open.
        let residentBytes: Int
    }

    func run(on server: BenchServer) throws(BenchError) -> Outcome {
        guard case .grpc(let method) = server.kind else {
            throw BenchError("\(server.name) takes no calls")
        }
        return try LoadReactor.run { reactor, end in
            LoadedConnections(self, server, method, on: reactor, end).connect()
        }
    }
}

private final class LoadedConnections {
    private let load: ConnectionsLoad
    private let server: BenchServer
    private let reactor: Reactor
    private let end: (Result<ConnectionsLoad.Outcome, BenchError>) -> Void
    private let script: CallScript
    private var connections: [RawConnection] = []
    private var callCount = 0

    init(
        _ load: ConnectionsLoad, _ server: BenchServer, _ method: EchoMethod, on reactor: Reactor,
        _ end: @escaping (Result<ConnectionsLoad.Outcome, BenchError>) -> Void
    ) {
        self.load = load
        self.server = server
        self.reactor = reactor
        self.end = end
        script = CallScript(method, messageBytes: server.messageBytes, to: server.address)
    }

    private func begin() throws(BenchError) {
        for connection in connections { try connection.start(on: reactor) }
        after(load.seconds / 2) { [self] in
            attempt { () throws(BenchError) in
                let (start, count) = (reactor.now, callCount)
                let cpu = try server.process.cpuSeconds
                after(load.seconds) { [self] in finish(since: start, count: count, cpu: cpu) }
            }
        }
    }

    private func finish(since start: Instant, count: Int, cpu: Double) {
        attempt { () throws(BenchError) in
            let calls = Double(callCount - count)
            let used = try server.process.cpuSeconds - cpu
            let outcome = ConnectionsLoad.Outcome(
                perSecond: calls * 1e9 / Double((reactor.now - start).nanoseconds),
                cpuMicroseconds: used * 1e6 / calls,
                residentBytes: try server.process.residentBytes)
            close()
            end(.success(outcome))
        }
    }

    /// The connections refer to this, and this to them.
    private func close() {
        for connection in connections { connection.close() }
        connections = []
    }

    /// One after the other, for a server takes only so many at once, and before the first call.
    func connect() {
        do throws(RPCError) {
            let target = try HostPort(server.address)
            _ = Connector(to: target, on: reactor, timeout: .seconds(5)) { [self] result in
                attempt { () throws(BenchError) in
                    switch result {
                    case .success(let socket):
                        let connection = RawConnection(
                            socket, script, answerBytes: server.answerBytes
                        ) { [self] result in called(result) }
                        connections.append(connection)
                        if connections.count < load.connections { connect() } else { try begin() }
                    case .failure(let error): throw BenchError("\(error)")
                    }
                }
            }
        } catch {
            fail("\(error)")
        }
    }

    private func called(_ result: Result<Void, BenchError>) {
        switch result {
        case .success: callCount += 1
        case .failure(let error): fail("\(error)")
        }
    }

    private func attempt(_ body: () throws(BenchError) -> Void) {
        do throws(BenchError) { try body() } catch { fail("\(error)") }
    }

    private func after(_ seconds: Double, _ work: @escaping () -> Void) {
        _ = reactor.schedule(after: .seconds(seconds), work)
    }

    private func fail(_ reason: String) {
        close()
        end(.failure(BenchError(reason)))
    }
}
