package import LehrCore
import LehrTable

extension ShardCore {
    /// A pull that has been checked and can no longer fail.
    package struct CheckedPull {
        /// Floats of the answer for each slice.
        package let floatCounts: [Int]
        fileprivate let slices: [(slice: TableSlice, runs: [ResolvedRun], dimension: Int)]
    }

    /// Checks a pull as a whole. Reading needs no lease: it goes on without a coordinator.
    package func check(
        pull slices: [TableSlice], cluster: ClusterID, answerBytesMax: Int
    ) throws(ShardRefusal) -> CheckedPull {
        try check(cluster: cluster)
        var checked: [(slice: TableSlice, runs: [ResolvedRun], dimension: Int)] = []
        var bytes = 0
        for slice in slices {
            let runs = try resolve(slice)
            let dimension = runs.first?.partition.rows.spec.dimension ?? 0
            bytes += slice.keys.count * dimension * MemoryLayout<Float>.stride
            guard bytes <= answerBytesMax else {
                throw .malformed("the answer would exceed \(answerBytesMax) bytes; pull fewer keys")
            }
            checked.append((slice, runs, dimension))
        }
        return CheckedPull(
            floatCounts: checked.map { $0.slice.keys.count * $0.dimension }, slices: checked)
    }

    /// Writes the rows of slice `index` in key order to `values`, of `floatCounts[index]` floats.
    package func read(
        _ pull: CheckedPull, slice index: Int, into values: UnsafeMutableBufferPointer<Float>
    ) {
        let (slice, runs, dimension) = pull.slices[index]
        for run in runs {
            let floats = run.keys.lowerBound * dimension..<run.keys.upperBound * dimension
            run.partition.rows.pull(
                keys: slice.keys.part(run.keys),
                into: UnsafeMutableBufferPointer(rebasing: values[floats]))
        }
    }
}
