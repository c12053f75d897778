import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor
import Logging

/// One reactor thread with its transport, driven from outside by asynchronous functions.
final class CoreHost: Sendable {
    private let thread: ReactorThread
    fileprivate let transport: Confined<HTTP2Transport>

    private init(thread: ReactorThread, transport: Confined<HTTP2Transport>) {
        self.thread = thread
        self.transport = transport
    }

    /// Without `security`, connections are in cleartext.
    static func start(
        index: Int = 0, name: String, plan: PollPlan = .blocking, limits: RPCLimits = RPCLimits(),
        security: CoreSecurity?, logger: Logger? = nil
    ) async throws -> CoreHost {
        ProcessMemory.keepLargeBlocks()
        let seed = UInt64.random(in: .min ... .max)
        // The thread and what it sets up come by different ways: wait for both.
        let box = AsyncThrowingStream<Confined<HTTP2Transport>, any Error>.makeStream()
        let thread = try ReactorThread(index: index, name: name, plan: plan) { reactor in
            do {
                let transport = HTTP2Transport(
                    reactor: reactor, limits: limits, security: try security?.make(),
                    random: RandomSource(seed: seed))
                if let logger { RefusalLog(logger).follow(transport) }
                box.continuation.yield(Confined(transport, to: reactor))
                box.continuation.finish()
            } catch {
                box.continuation.finish(throwing: error)
            }
        }
        for try await transport in box.stream {
            return CoreHost(thread: thread, transport: transport)
        }
        throw CancellationError()
    }

    var mailbox: any Mailbox { thread.mailbox }

    /// Runs `body` on the core and hands back what it returns or throws.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (HTTP2Transport) throws -> Value
    ) async throws -> Value {
        try await start { transport, finish in
            finish(Result { try body(transport) })
        }
    }

    /// Runs `body` on the core, which calls `finish` exactly once, now or later.
    func start<Value: Sendable>(
        _ body:
            @escaping @Sendable (
                HTTP2Transport, @escaping @Sendable (Result<Value, any Error>) -> Void
            ) -> Void
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = thread.mailbox.post { [transport] in
                transport.withValue { body($0) { continuation.resume(with: $0) } }
            }
            if !isTaken { continuation.resume(throwing: CancellationError()) }
        }
    }

    /// Ends the transport, giving calls in flight `grace`, and then the thread.
    func shutDown(grace: Duration) async {
        _ = try? await start { transport, finish in
            transport.shutDown(grace: grace) { finish(.success(())) }
        }
        thread.stop()
        thread.join()
    }
}

extension CoreHost {
    /// Runs `body` on the core soon, with nobody waiting for it; false: the core has ended, or has too
    /// much to do.
    func mailboxRun(_ body: @escaping @Sendable (HTTP2Transport) -> Void) -> Bool {
        mailbox.post { [transport] in transport.withValue { body($0) } }
    }
}
