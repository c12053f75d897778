package import LehrCore
import LehrTable

extension ShardCore {
    /// A pull that has been checked and can no longer fail.
    package struct CheckedPull {
        fileprivate struct Part {
            let slice: TableSlice
            let runs: [ResolvedRun]
            let codec: RowCodec
        }

        fileprivate let parts: [Part]

        /// Bytes of the answer for slice `index`.
        package func byteCount(slice index: Int) -> Int {
            parts[index].codec.byteCount(rows: parts[index].slice.keyCount)
        }
    }

    /// Checks a pull as a whole. Reading needs no lease: it goes on without a coordinator.
    package func check(
        pull slices: [TableSlice], cluster: ClusterID, answerBytesMax: Int
    ) throws(ShardRefusal) -> CheckedPull {
        try check(cluster: cluster)
        var parts: [CheckedPull.Part] = []
        var bytes = 0
        for slice in slices {
            let runs = try resolve(slice)
            // Without runs there are no keys, and no rows of any size.
            let codec = RowCodec(
                slice.rowFormat, dimension: runs.first?.partition.rows.spec.dimension ?? 1)
            bytes += codec.byteCount(rows: slice.keyCount)
            guard bytes <= answerBytesMax else {
                throw .malformed("the answer would exceed \(answerBytesMax) bytes; pull fewer keys")
            }
            parts.append(CheckedPull.Part(slice: slice, runs: runs, codec: codec))
        }
        return CheckedPull(parts: parts)
    }

    /// Writes the rows of slice `index` in key order and in the format that it wants to `answer`, of
    /// `byteCount(slice:)` bytes at any address: the processors that Lehr runs on store floats anywhere.
    package func read(
        _ pull: CheckedPull, slice index: Int, into answer: UnsafeMutableRawBufferPointer
    ) {
        let part = pull.parts[index]
        guard part.codec.format == .float32 else { return encode(part, into: answer) }
        TablePartition.pull(
            part.runs.map { PartitionRun($0.partition.rows, $0.keys) }, keys: part.slice.keys,
            into: answer)
    }

    /// Block by block through a buffer, so that rows are not in memory twice.
    private func encode(
        _ part: CheckedPull.Part, into answer: UnsafeMutableRawBufferPointer
    ) {
        let (codec, total) = (part.codec, part.slice.keyCount)
        withUnsafeTemporaryAllocation(
            of: Float.self, capacity: codec.blockCount * codec.dimension
        ) { block in
            guard let start = block.baseAddress else { return }
            for first in stride(from: 0, to: total, by: codec.blockCount) {
                let end = min(first + codec.blockCount, total)
                TablePartition.pull(
                    part.runs(in: first..<end), keys: part.slice.keys(at: first..<end),
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(block)[
                            ..<(4 * (end - first) * codec.dimension)]))
                codec.encode(start, count: end - first, at: first, of: total, into: answer)
            }
        }
    }
}

extension ShardCore.CheckedPull.Part {
    /// The runs of the keys at `keys`, counted from the first of these.
    fileprivate func runs(in keys: Range<Int>) -> [PartitionRun] {
        runs.compactMap { run in
            let part = run.keys.clamped(to: keys)
            guard !part.isEmpty else { return nil }
            return PartitionRun(
                run.partition.rows,
                part.lowerBound - keys.lowerBound..<part.upperBound - keys.lowerBound)
        }
    }
}
