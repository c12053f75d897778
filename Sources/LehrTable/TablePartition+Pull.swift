package import LehrCore

/// A partition's keys among those of a batch.
package struct PartitionRun {
    package let partition: TablePartition
    /// Positions among the batch's keys.
    package let keys: Range<Int>

    package init(_ partition: TablePartition, _ keys: Range<Int>) {
        self.partition = partition
        self.keys = keys
    }
}

extension TablePartition {
    /// Writes the weights of `keys` (`spec.storage.keyWidth.words` words each) to `weights` (`dimension`
    /// floats each).
    ///
    /// A key never pushed reads as its initial value, and reading it creates nothing. What a narrow
    /// row lacks reads as zero.
    package func pull(
        keys: PackedElements<UInt64>, into weights: UnsafeMutableBufferPointer<Float>
    ) {
        let count = keys.count / spec.storage.keyWidth.words
        Self.pull(
            [PartitionRun(self, 0..<count)], keys: keys,
            into: UnsafeMutableRawBufferPointer(weights))
    }

    /// As above, for keys of several partitions of one table at once, which is faster than one
    /// partition after the other. `weights` may be at any address: in a message, say.
    package static func pull(
        _ runs: [PartitionRun], keys: PackedElements<UInt64>,
        into weights: UnsafeMutableRawBufferPointer
    ) {
        guard let table = runs.first?.partition, let target = weights.baseAddress,
            let words = keys.start
        else { return }
        precondition(
            weights.count * table.spec.storage.keyWidth.words
                == 4 * keys.count * table.spec.dimension,
            "a pull has a row for each key")
        var missing = MissingRows(runs)
        withViews(of: runs) { views in
            if table.isPlain {
                table.copyWeights(words, views, target, &missing)
            } else {
                table.readWeights(words, views, target, &missing)
            }
        }
        for run in runs { run.partition.counters.pulled += UInt64(run.keys.count) }
    }

    /// The common case: the weight in the row is what is asked for.
    private func copyWeights(
        _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<StoreRun>,
        _ target: UnsafeMutableRawPointer, _ missing: inout MissingRows
    ) {
        let (bytes, offset) = (full.weightBytes, full.weightOffset)
        _ = RowPipeline<8>.forEachGroup(words, runs, from: 0, near: full.stateOffset) { group in
            for i in 0..<group.count {
                let output = target + group[i].position &* bytes
                if let row = group[i].row {
                    copyFloats(from: row + offset, to: output, byteCount: bytes)
                } else {
                    fillMissing(group[i], words, output, &missing)
                }
            }
            return .goOn
        }
    }

    private func readWeights(
        _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<StoreRun>,
        _ target: UnsafeMutableRawPointer, _ missing: inout MissingRows
    ) {
        let bytes = 4 * spec.dimension
        _ = RowPipeline<8>.forEachGroup(words, runs, from: 0, near: full.stateOffset) { group in
            for i in 0..<group.count {
                let output = target + group[i].position &* bytes
                if let row = group[i].row {
                    withWeight(for: output) { values.read(row, width: width(of: row), into: $0) }
                } else {
                    fillMissing(group[i], words, output, &missing)
                }
            }
            return .goOn
        }
    }

    private func fillMissing(
        _ key: LocatedKey, _ words: UnsafeRawPointer, _ output: UnsafeMutableRawPointer,
        _ missing: inout MissingRows
    ) {
        fillInitial(words + key.position * store.keys.byteCount, output)
        missing.count(key.run)
    }

    /// What a key reads as that has no row: the values that its row would be created with, before they
    /// are rounded to what the table keeps.
    private func fillInitial(_ key: UnsafeRawPointer, _ output: UnsafeMutableRawPointer) {
        withWeight(for: output) { weight in
            initial.fill(key: store.keys.folded(key), into: weight)
            for i in newWidth..<spec.dimension { weight[i] = 0 }
        }
    }

    /// Has the floats at `output`, which need not be aligned, written by `body`.
    private func withWeight(
        for output: UnsafeMutableRawPointer, _ body: (UnsafeMutablePointer<Float>) -> Void
    ) {
        guard UInt(bitPattern: output) % 4 != 0 else {
            return body(output.assumingMemoryBound(to: Float.self))
        }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: spec.dimension) { weight in
            guard let start = weight.baseAddress else { return }
            body(start)
            output.copyMemory(from: start, byteCount: 4 * spec.dimension)
        }
    }

    /// Counts keys without a row with the partition that they are of.
    private struct MissingRows {
        private let runs: [PartitionRun]

        init(_ runs: [PartitionRun]) { self.runs = runs }

        mutating func count(_ run: Int32) {
            runs[Int(run)].partition.counters.pulledMissing += 1
        }
    }

    static func withViews<Result>(
        of runs: [PartitionRun], _ body: (UnsafeBufferPointer<StoreRun>) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(of: StoreRun.self, capacity: runs.count) { views in
            for (index, run) in runs.enumerated() {
                views.initializeElement(
                    at: index,
                    to: StoreRun(view: run.partition.store.view, keys: run.keys))
            }
            return body(UnsafeBufferPointer(views))
        }
    }
}

/// Copies a weight, mostly short: a call of `memcpy` would take as long as the copy.
@inline(__always)
private func copyFloats(
    from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
) {
    var i = 0
    while i &+ 64 <= byteCount {
        target.storeBytes(
            of: source.loadUnaligned(fromByteOffset: i, as: SIMD16<Float>.self),
            toByteOffset: i, as: SIMD16<Float>.self)
        i &+= 64
    }
    while i < byteCount {
        target.storeBytes(
            of: source.loadUnaligned(fromByteOffset: i, as: Float.self),
            toByteOffset: i, as: Float.self)
        i &+= 4
    }
}
