import Logging
import ServiceLifecycle

/// A role as a service: started, then run until it is told to stop or cannot go on.
protocol NodeRole: Sendable {
    /// Begins; returns once it can be reached.
    func start() async throws
    /// Ends in order.
    func stop() async
    var fatal: FatalSignal { get }
    /// What `stop` takes at most before it ends the role's calls.
    var lastWork: Duration { get }
}

extension NodeRole {
    var lastWork: Duration { .zero }
}

struct RoleService: Service {
    let role: any NodeRole

    func run() async throws {
        try await role.start()
        let error = await withTaskGroup(of: FatalError?.self) { group in
            group.addTask { await role.fatal.wait() }
            group.addTask {
                try? await gracefulShutdown()
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        await role.stop()
        if let error { throw error }
    }
}
