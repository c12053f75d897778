import LehrCoordinator
package import LehrCore
import LehrMembership
import LehrShard
import LehrTable

/// What a job's partitions have come to, by the names of their tables.
package struct JobSums: Equatable {
    /// Distinct batches applied and keys pushed, by table and partition.
    package var counts: [String: [UInt64]] = [:]
    /// Batches that had a key, by table and key, where they are counted.
    package var shows: [String: Float] = [:]
    /// The rows' bits, by table and key.
    package var weights: [String: [UInt32]] = [:]
    package var partitionCount: Int { counts.count }

    package init() {}

    mutating func add(_ owned: OwnedPartition) {
        let (name, dimension) = (owned.rows.spec.name, owned.rows.spec.dimension)
        counts["\(name)[\(owned.id.index)]"] = [owned.applied.counters.applied, owned.rowsPushed]
        var cursor: ScanCursor? = .start
        while let start = cursor {
            let rows = owned.rows.scan(from: start, limit: 1024)
            for (position, key) in rows.keys.enumerated() {
                let weight = rows.weights[position * dimension..<(position + 1) * dimension]
                weights["\(name)/\(key)"] = weight.map(\.bitPattern)
                if owned.rows.spec.countsShows { shows["\(name)/\(key)"] = rows.shows[position] }
            }
            cursor = rows.next
        }
    }

    /// Where this is not what it should be, in words, at most a few; weights only if they have to be
    /// the same bits.
    func differences(from expected: JobSums, isExact: Bool) -> [String] {
        var found: [String] = []
        for name in Set(counts.keys).union(expected.counts.keys).sorted()
        where counts[name] != expected.counts[name] {
            found.append(
                "\(name): batches and keys \(counts[name] ?? []), should be "
                    + "\(expected.counts[name] ?? [])")
        }
        for name in Set(shows.keys).union(expected.shows.keys).sorted()
        where shows[name] != expected.shows[name] {
            found.append(
                "\(name): \(shows[name] ?? 0) shows, should be \(expected.shows[name] ?? 0)")
        }
        if isExact, weights != expected.weights { found.append("weights have other bits") }
        return Array(found.prefix(3))
    }
}

extension ClusterSandbox {
    /// Of the partitions that live shards own; call it when all are there, and a coordinator.
    package func sums(of job: JobID) -> JobSums {
        var sums = JobSums()
        let tables = coordinator?.shell.instance.tables ?? []
        for owned in liveShards.flatMap(\.shards).flatMap(\.ownedPartitions) where owned.job == job
        {
            // A partition that was handed over is kept for a while.
            let placed = tables.first { $0.id == owned.id.table }?.partitions[Int(owned.id.index)]
            if placed?.incarnation == owned.incarnation { sums.add(owned) }
        }
        return sums
    }
}
