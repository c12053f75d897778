package import LehrCore
import LehrMembership
package import LehrShard
import LehrTable

extension ClusterSandbox {
    /// Every row of a job's tables by table and key, as bits: equal trainings have equal contents.
    package func contents(of job: JobID) -> [String: [UInt64: [UInt32]]] {
        var tables: [String: [UInt64: [UInt32]]] = [:]
        for owned in liveShards.flatMap(\.shards).flatMap(\.ownedPartitions) where owned.job == job
        {
            let dimension = owned.rows.spec.dimension
            var cursor: ScanCursor? = .start
            while let start = cursor {
                let rows = owned.rows.scan(from: start, limit: 1024)
                for (position, key) in rows.keys.enumerated() {
                    let weight = rows.weights[position * dimension..<(position + 1) * dimension]
                    tables[owned.rows.spec.name, default: [:]][key] = weight.map(\.bitPattern)
                }
                cursor = rows.next
            }
        }
        return tables
    }

    var liveShards: [SandboxShard] { shards.filter(\.isAlive) }

    /// What every partition of a job holds and has done, ordered by partition.
    package func statistics(of job: JobID) -> [PartitionStatistics] {
        liveShards.flatMap(\.shards).flatMap { $0.statistics(of: job) }
            .sorted { $0.partition < $1.partition }
    }
}
