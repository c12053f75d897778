import Glibc
import LehrCore

/// What the measures of moves share: a coordinator and two shards, as roles have them, for each.
///
/// A shard has a processor, and the other, the worker and the coordinator the next: what is sent and
/// what is taken in is not done by the same one.
package final class MovesStage {
    let launcher: Launcher
    let processors: Processors
    let isQuick: Bool
    let rowCount: Int
    private var runs = 0

    private static let folder = BenchFolder("moves")
    private static let seconds = 1800

    init(
        _ launcher: Launcher, _ processors: Processors, isQuick: Bool, rowCount: Int
    ) throws(BenchError) {
        self.launcher = launcher
        self.processors = processors
        self.isQuick = isQuick
        self.rowCount = rowCount
        try Self.folder.make()
        try Processors.pin(to: processors.load)
    }

    /// Of which the worst waits are looked at, and of which means are taken.
    var moves: Int { isQuick ? 2 : 20 }
    var rounds: Int { isQuick ? 2 : 6 }

    /// A cluster that lasts as long as this.
    struct Cluster {
        let coordinator: String
        fileprivate let coordinatorProcess: ChildProcess
        fileprivate let shards: [ChildProcess]

        /// CPU time that the shards have used so far, in seconds.
        var shardSeconds: Double {
            get throws(BenchError) {
                var sum = 0.0
                for shard in shards { sum += try shard.cpuSeconds }
                return sum
            }
        }
    }

    /// - Parameter partitions: of the table of its jobs.
    func startCluster(partitions: Int) throws(BenchError) -> Cluster {
        runs += 1
        let directory = try Self.folder.make("\(runs)")
        let (coordinator, address) = try BenchCoordinator.start(
            in: directory, partitions: partitions, by: launcher, on: processors.load)
        var shards: [ChildProcess] = []
        for (name, processor) in [("a", processors.server), ("b", processors.load)] {
            let command =
                launcher.shard + [
                    "--name", name, "--coordinator", address, "--listen", "127.0.0.1:0",
                    "--http-listen", "127.0.0.1:0", "--state-dir", "\(directory)/\(name)",
                    "--cores", "1", "--table-memory", "4GiB", "--log-level", "error",
                ]
            shards.append(
                try ChildProcess(command, by: launcher, on: processor, seconds: Self.seconds))
        }
        return Cluster(
            coordinator: address, coordinatorProcess: coordinator, shards: shards)
    }

    deinit { Self.removeFiles() }

    static func removeFiles() { folder.remove() }
}
