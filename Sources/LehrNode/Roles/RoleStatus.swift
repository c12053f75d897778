import LehrWeb
import Synchronization

/// Whether a role is ready, set by its cores and read by the HTTP door.
final class RoleStatus: Sendable {
    private let state: Mutex<Readiness>

    init(_ reason: String) { state = Mutex(.notReady(reason: reason)) }

    var readiness: Readiness {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
