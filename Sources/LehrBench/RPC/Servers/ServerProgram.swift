import Glibc
package import LehrCore
import LehrHTTP2
import LehrRPC
package import LehrReactor
package import LehrTLS

/// The program of a server under test: one reactor, on a thread of its own as a role has it.
package enum ServerProgram {
    package enum Kind: String, Sendable {
        case grpc, tcp, shard, coordinator
    }

    package struct Options: Sendable {
        package let kind: Kind
        /// Of each message over TCP.
        package let messageBytes: Int
        /// Of the shard's table, or of the one in the coordinator's jobs.
        package let partitions: Int
        /// Of the coordinator's records.
        package let stateDirectory: String
        /// What gRPC is answered with; nil: in cleartext.
        package let tls: TLSFiles?
        package let poll: PollMode

        package init(
            kind: Kind, messageBytes: Int, partitions: Int, stateDirectory: String,
            tls: TLSFiles?, poll: PollMode
        ) {
            self.kind = kind
            self.messageBytes = messageBytes
            self.partitions = partitions
            self.stateDirectory = stateDirectory
            self.tls = tls
            self.poll = poll
        }
    }

    /// Prints the address and answers until standard input ends.
    package static func run(_ options: Options, random: RandomSource) throws {
        let plan = PollPlan(options.poll, reactors: 1, on: .current())
        let thread = try ReactorThread(name: "lehr-bench", plan: plan) { reactor in
            do {
                let (server, address) = try listen(options, on: reactor, random)
                print(address)
                fflush(nil)
                // The reactor holds on to it, and so to the server.
                let end = InputEnd { [unowned reactor] in
                    withExtendedLifetime(server) {}
                    reactor.stop()
                }
                _ = try reactor.watch(STDIN_FILENO, end)
            } catch {
                print("cannot listen: \(error)")
                exit(1)
            }
        }
        thread.join()
    }

    private static func listen(
        _ options: Options, on reactor: Reactor, _ random: RandomSource
    ) throws -> (server: AnyObject, address: String) {
        switch options.kind {
        case .grpc:
            var limits = RPCLimits()
            // All of them come from this machine.
            limits.connectionsPerPeerMax = limits.connectionsMax
            let transport = HTTP2Transport(
                reactor: reactor, limits: limits, security: try options.tls.map(security),
                random: random)
            let services = ServiceTable()
            for method in EchoMethod.allCases { method.register(in: services, on: reactor) }
            return (transport, try transport.listen(at: "127.0.0.1:0", services))
        case .shard:
            let transport = HTTP2Transport(reactor: reactor, random: random)
            let services = try PathShard.services(
                partitions: options.partitions, on: reactor, transport.limits)
            return (transport, try transport.listen(at: "127.0.0.1:0", services))
        case .coordinator:
            var limits = RPCLimits()
            // All of them come from this machine.
            limits.connectionsMax = MembershipBenchmark.membersMax
            limits.connectionsPerPeerMax = limits.connectionsMax
            let transport = HTTP2Transport(reactor: reactor, limits: limits, random: random)
            var identity = random
            let services = try BenchCoordinator.services(
                stateDirectory: options.stateDirectory, partitions: options.partitions,
                on: reactor, &identity)
            return (transport, try transport.listen(at: "127.0.0.1:0", services))
        case .tcp:
            let listener = try TCPSink.listen(reactor, messageBytes: options.messageBytes)
            return (listener, "\(listener.address)")
        }
    }

    /// h2load has no certificate to show.
    private static func security(_ files: TLSFiles) throws -> TLSSecurity {
        let store = try TLSStore(
            files, in: LocalFileSystem(), clients: .optional, atSeconds: Int64(time(nil)))
        return try TLSSecurity(store) { _ in .host }
    }
}

/// Reads standard input to its end.
private final class InputEnd: PollTarget {
    private let onEnd: () -> Void

    init(_ onEnd: @escaping () -> Void) {
        self.onEnd = onEnd
        _ = fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK)
    }

    func ready(_ readiness: Readiness) {
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EAGAIN { return }
            if count == 0 || count < 0 && errno != EINTR { return onEnd() }
        }
    }
}
