import LehrCore
package import LehrMembership
package import Logging

/// How a simulated cluster is made.
package struct SandboxOptions {
    /// Of latencies, back-off and identities; what is trained depends on the job's own seed.
    package var seed: UInt64 = 1
    package var terms = LeaseTerms(ttl: .seconds(2), heartbeat: .milliseconds(600))
    package var coresPerShard = 2
    package var blockCacheBytes = 64 << 20
    /// A message takes from 40 microseconds to about this long, drawn for each from the seed.
    package var latencyMax = Duration.milliseconds(2)
    package var logger = Logger.silent

    package init(seed: UInt64 = 1) { self.seed = seed }
}

extension Logger {
    /// Says nothing.
    package static var silent: Logger {
        Logger(label: "silent", factory: { _ in SwiftLogNoOpLogHandler() })
    }
}
