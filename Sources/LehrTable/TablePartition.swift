package import LehrCore

/// The rows of one table whose keys fall in one run of buckets.
///
/// Owned by one core and used by it alone: no locks. All calls take a whole batch. Keys are given in
/// any order; rows are `spec.dimension` floats each, in the order of their keys. The caller checks
/// the keys of a request with `firstKeyOutside` before it lets any partition apply a part of it.
package final class TablePartition {
    package let spec: TableSpec
    package let range: BucketRange
    package private(set) var counters = TableCounters()

    private let initial: InitialRow
    private let kernel: OptimizerKernel
    private let layout: RowLayout
    var store: RowStore

    /// Keys handled together: enough cache misses in flight, few enough to stay in the first cache.
    private static let blockCount = 64

    /// An empty partition; refuses a spec that `TableSpec.validate` refuses.
    package init(
        spec: TableSpec, range: BucketRange, limits: PartitionLimits = PartitionLimits()
    ) throws(TableSpecError) {
        try spec.validate()
        let layout = RowLayout(spec: spec)
        self.spec = spec
        self.range = range
        self.layout = layout
        initial = InitialRow(spec: spec)
        kernel = OptimizerKernel(optimizer: spec.optimizer, layout: layout)
        store = RowStore(layout: layout, limits: limits)
    }

    package var rowCount: Int { store.rowCount }
    /// Bytes taken from the system, whether they hold rows yet or not.
    package var bytesReserved: Int { store.bytesReserved }
    /// Bytes of rows and index slots in use.
    package var bytesUsed: Int { store.bytesUsed }

    /// The position of the first key that does not belong here, or nil when all do.
    package func firstKeyOutside(_ keys: PackedElements<UInt64>) -> Int? {
        switch spec.keys {
        case .hashed:
            return keys.firstIndex { !range.contains(UInt32(truncatingIfNeeded: mixed($0) >> 48)) }
        case .rows(let count):
            // `KeySpace.bucket` clamps a row beyond the end; such a key is nobody's.
            return keys.firstIndex { $0 >= count || !range.contains(spec.keys.bucket(of: $0)) }
        }
    }
}

// MARK: - Pull

extension TablePartition {
    /// Writes the weights of `keys` to `weights` (`keys.count * dimension` floats).
    ///
    /// A key never pushed reads as its initial value, and reading it creates nothing.
    package func pull(
        keys: PackedElements<UInt64>, into weights: UnsafeMutableBufferPointer<Float>
    ) {
        let dimension = layout.dimension
        precondition(weights.count == keys.count * dimension, "a pull has a row for each key")
        guard let target = weights.baseAddress else { return }
        var missing = 0
        withUnsafeTemporaryAllocation(
            of: UnsafeMutableRawPointer?.self, capacity: Self.blockCount
        ) { rows in
            var start = 0
            while start < keys.count {
                let count = Swift.min(Self.blockCount, keys.count - start)
                let block = keys.part(start..<start + count)
                store.locate(block, touching: layout.stateOffset, into: rows)
                for i in 0..<count {
                    let output = target + (start + i) * dimension
                    if let row = rows[i] {
                        output.update(from: RowLayout.weight(of: row), count: dimension)
                    } else {
                        initial.fill(key: block[i], into: output)
                        missing += 1
                    }
                }
                start += count
            }
        }
        counters.pulled += UInt64(keys.count)
        counters.pulledMissing += UInt64(missing)
    }
}

// MARK: - Push

extension TablePartition {
    /// Applies a gradient (`dimension` floats) to the row of each key, creating rows that are
    /// missing; a key that comes twice is changed twice, one after the other.
    ///
    /// A row of the push is refused as a whole, and counted, when its gradient or counts are not
    /// numbers or are beyond `OptimizerKernel.gradientLimit`, or when its key is new and the
    /// partition is at a limit. The others are applied all the same.
    /// - Parameters:
    ///   - shows: added to the rows' show counts; nil adds nothing. Likewise `clicks`.
    ///   - now: stored as the rows' last-seen stamp, in whatever unit the caller counts.
    @discardableResult
    package func push(
        keys: PackedElements<UInt64>, gradients: PackedElements<Float>,
        shows: PackedElements<Float>? = nil, clicks: PackedElements<Float>? = nil,
        now: UInt32
    ) -> PushOutcome {
        let dimension = layout.dimension
        precondition(gradients.count == keys.count * dimension, "a push has a row for each key")
        for counts in [shows, clicks] {
            precondition(
                counts?.count ?? keys.count == keys.count, "a push has counts for each key")
        }
        var outcome = PushOutcome()
        guard let gradient = gradients.start else { return outcome }
        withUnsafeTemporaryAllocation(
            of: UnsafeMutableRawPointer?.self, capacity: Self.blockCount
        ) { rows in
            var start = 0
            while start < keys.count {
                let count = Swift.min(Self.blockCount, keys.count - start)
                let block = PushBlock(
                    keys: keys.part(start..<start + count),
                    gradients: gradient + start * layout.weightBytes,
                    shows: shows?.part(start..<start + count),
                    clicks: clicks?.part(start..<start + count), now: now)
                let blockRows = UnsafeMutableBufferPointer(rebasing: rows[..<count])
                store.locate(block.keys, touching: layout.stride, into: blockRows)
                admit(block, rows: blockRows, outcome: &outcome)
                kernel.apply(to: UnsafeBufferPointer(blockRows), gradients: block.gradients)
                start += count
            }
        }
        counters.count(outcome)
        return outcome
    }

    private struct PushBlock {
        let keys: PackedElements<UInt64>
        let gradients: UnsafeRawPointer
        let shows: PackedElements<Float>?
        let clicks: PackedElements<Float>?
        let now: UInt32
    }

    /// Creates the missing rows of a block and updates headers; refused rows become nil.
    private func admit(
        _ block: PushBlock, rows: UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>,
        outcome: inout PushOutcome
    ) {
        for i in block.keys.indices {
            let show = block.shows?[i] ?? 0
            let click = block.clicks?[i] ?? 0
            let gradient = block.gradients + i * layout.weightBytes
            guard kernel.isApplicable(gradient), abs(show) <= OptimizerKernel.gradientLimit,
                abs(click) <= OptimizerKernel.gradientLimit
            else {
                outcome.refusedNotFinite += 1
                rows[i] = nil
                continue
            }
            // An earlier key of this block may have created the row since it was looked for.
            guard let row = rows[i] ?? store.find(block.keys[i]) ?? create(block.keys[i], &outcome)
            else {
                outcome.refusedAtLimit += 1
                continue
            }
            rows[i] = row
            let header = RowLayout.header(of: row)
            header.pointee.show += show
            header.pointee.click += click
            header.pointee.lastSeen = block.now
            outcome.applied += 1
        }
    }

    private func create(
        _ key: UInt64, _ outcome: inout PushOutcome
    ) -> UnsafeMutableRawPointer? {
        guard let row = store.insert(key) else { return nil }
        initial.fill(key: key, into: RowLayout.weight(of: row))
        let state = (row + layout.stateOffset).assumingMemoryBound(to: Float.self)
        for i in 0..<layout.optimizer.stateCount { state[i] = layout.optimizer.initialState }
        outcome.created += 1
        return row
    }
}
