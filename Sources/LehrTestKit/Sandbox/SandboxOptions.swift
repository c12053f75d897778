package import LehrCoordinator
import LehrCore
package import LehrMembership
import LehrRPC
package import Logging

/// How a simulated cluster is made.
package struct SandboxOptions {
    /// Of latencies, back-off and identities; what is trained depends on the job's own seed.
    package var seed: UInt64 = 1
    package var terms = LeaseTerms(ttl: .seconds(2), heartbeat: .milliseconds(600))
    /// The TTL that the coordinator is started with from the second time on; nil: the same.
    package var laterTTL: Duration?
    package var coresPerShard = 2
    package var blockCacheBytes = 64 << 20
    /// A message takes from 40 microseconds to about this long, drawn for each from the seed.
    package var latencyMax = Duration.milliseconds(2)
    /// How far each process's clock may drift, in parts in a million; more than 0: clocks also start
    /// at times of their own.
    package var driftMaxPPM: Int64 = 0
    /// What the roles check; less than all only to see what the simulator finds then.
    package var guards = Guards.all
    /// How the coordinator's state is kept; less than the default for the same reason.
    package var store = SQLiteStateStore.Settings()
    /// Where serving finds models.
    package var modelDirectory = ServedModels.directory
    /// Whether serving refuses to answer without a lease; true only to see what the simulator finds.
    package var servingNeedsLease = false
    package var logger = Logger.silent

    package init(seed: UInt64 = 1) { self.seed = seed }
}

extension SandboxOptions {
    /// A clock for one life of a process.
    func clock(_ random: inout RandomSource) -> VirtualClock {
        guard driftMaxPPM > 0 else { return .exact }
        // As often at an extreme as in between: there the margins are used up.
        let drift =
            switch random.below(4) {
            case 0: driftMaxPPM
            case 1: -driftMaxPPM
            default: Int64(random.below(Int(2 * driftMaxPPM + 1))) - driftMaxPPM
            }
        return VirtualClock(
            offset: .milliseconds(Int64(random.below(1_000_000))), driftPPM: drift)
    }
}

extension Logger {
    /// Says nothing.
    package static var silent: Logger {
        Logger(label: "silent", factory: { _ in SwiftLogNoOpLogHandler() })
    }
}
