package import LehrCore

extension TablePartition {
    /// Applies a gradient (`dimension` floats) to the row of each key, creating rows that are
    /// missing; a key that comes twice is changed twice, one after the other.
    ///
    /// A row of the push is refused as a whole, and counted, when its gradient or counts are not
    /// numbers or are beyond `OptimizerKernel.gradientLimit` (unless the optimizer's policy is to clip
    /// them), or when its key is new and there is no room (`LimitPolicy`). The others are applied all
    /// the same.
    /// - Parameters:
    ///   - shows: added to the rows' show counts; nil adds nothing. Likewise `clicks`.
    ///   - now: stored as the rows' last-seen stamp, in whatever unit the caller counts.
    @discardableResult
    package func push(
        keys: PackedElements<UInt64>, gradients: PackedElements<Float>,
        shows: PackedElements<Float>? = nil, clicks: PackedElements<Float>? = nil,
        now: UInt32
    ) -> PushOutcome {
        let count = keys.count / spec.storage.keyWidth.words
        return Self.push(
            [PartitionRun(self, 0..<count)], keys: keys, gradients: gradients, shows: shows,
            clicks: clicks, now: now)
    }

    /// As above, for keys of several partitions of one table at once, which is faster than one
    /// partition after the other. Keys of no run are passed over; no partition has two runs. The outcome
    /// is that of all runs.
    @discardableResult
    package static func push(
        _ runs: [PartitionRun], keys: PackedElements<UInt64>, gradients: PackedElements<Float>,
        shows: PackedElements<Float>? = nil, clicks: PackedElements<Float>? = nil,
        now: UInt32
    ) -> PushOutcome {
        var total = PushOutcome()
        guard let table = runs.first?.partition else { return total }
        let (spec, keyBytes) = (table.spec, table.store.keys.byteCount)
        precondition(spec.storage.numbers != .int8, "int8 rows are not trained")
        let count = keys.count / spec.storage.keyWidth.words
        precondition(gradients.count == count * spec.dimension, "a push has a row for each key")
        for counts in [shows, clicks] {
            precondition(counts?.count ?? count == count, "a push has counts for each key")
        }
        assert(
            Set(runs.map { ObjectIdentifier($0.partition) }).count == runs.count,
            "a partition has one run")
        guard let words = keys.start, let gradient = gradients.start else { return total }
        var blocks = PushBlocks(runs)
        withUnsafeTemporaryAllocation(of: RowPointer?.self, capacity: PushBlocks.count) { rows in
            while blocks.next() {
                blocks.locate(words, near: table.full.stride, into: rows)
                var first = 0
                for part in blocks.parts {
                    let keys = part.keys
                    let end = first + keys.count
                    let block = PushBlock(
                        count: keys.count, words: words + keys.lowerBound * keyBytes,
                        keyBytes: keyBytes,
                        gradients: gradient + keys.lowerBound * 4 * spec.dimension,
                        gradientBytes: 4 * spec.dimension, shows: shows?.part(keys),
                        clicks: clicks?.part(keys), now: now,
                        rows: UnsafeMutableBufferPointer(rebasing: rows[first..<end]))
                    let outcome = part.partition.apply(block)
                    part.partition.counters.count(outcome)
                    total.add(outcome)
                    first = end
                }
            }
        }
        for run in runs where !run.keys.isEmpty { run.partition.pushCount += 1 }
        return total
    }

    private func apply(_ block: PushBlock) -> PushOutcome {
        var outcome = PushOutcome()
        let refused = admit(block, &outcome)
        applyKernels(block, &outcome)
        if spec.storage.atLimit == .retire, !refused.isEmpty || store.hasRefusedWidth {
            retryRefused(refused, of: block, &outcome)
        }
        return outcome
    }

    /// Creates the missing rows of a block and updates headers; refused rows become nil. Returns the
    /// positions of those for which there was no room.
    @discardableResult
    func admit(_ block: PushBlock, _ outcome: inout PushOutcome) -> [Int] {
        var refused: [Int] = []
        guard let rows = block.rows.baseAddress else { return refused }
        let kernel = kernels[store.fullShape]
        let isSound = kernel.areApplicable(block.gradients, count: block.count)
        let isPlain = isSound && block.shows == nil && block.clicks == nil
        let hasNarrow = spec.storage.narrow != nil
        let created = outcome.created
        for i in 0..<block.count {
            var counts = RowCounts()
            if !isPlain {
                guard isSound || kernel.isApplicable(block.gradient(i)),
                    let applicable = applicableCounts(block, i, &outcome)
                else {
                    outcome.refusedNotFinite += 1
                    rows[i] = nil
                    continue
                }
                counts = applicable
            }
            var found = rows[i]
            if found == nil {
                let key = block.key(i)
                // An earlier key of this block may have created the row since it was looked for.
                if outcome.created > created { found = store.find(key) }
                guard let row = found ?? create(key, &outcome) else {
                    outcome.refusedAtLimit += 1
                    refused.append(i)
                    continue
                }
                found = row
                rows[i] = row
            }
            let row = found.unsafelyUnwrapped
            store.snapshot.willChange(row)
            row.header.pointee.show += counts.show
            row.header.pointee.click += counts.click
            row.header.pointee.lastSeen = block.now
            outcome.applied &+= 1
            if hasNarrow { widenIfEarned(row, at: i, block, &outcome) }
        }
        return refused
    }

    private struct RowCounts {
        var show: Float = 0
        var click: Float = 0
    }

    /// The counts that are added to a row; nil where they are refused.
    private func applicableCounts(
        _ block: PushBlock, _ i: Int, _ outcome: inout PushOutcome
    ) -> RowCounts? {
        let given = RowCounts(show: block.shows?[i] ?? 0, click: block.clicks?[i] ?? 0)
        let kernel = kernels[store.fullShape]
        guard let show = kernel.applicable(given.show), let click = kernel.applicable(given.click)
        else { return nil }
        if show != given.show || click != given.click { outcome.clipped += 1 }
        return RowCounts(show: show, click: click)
    }

    private func create(_ key: UnsafeRawPointer, _ outcome: inout PushOutcome) -> RowPointer? {
        guard let row = store.insert(key, shape: 0) else { return nil }
        let (kernel, seed) = (kernels[0], store.keys.folded(key))
        if isPlain {
            let weight = row.floats(at: full.weightOffset)
            initial.fill(key: seed, into: weight)
            kernel.initializeState(of: row, weight: weight)
        } else {
            withInitialWeight(seed) { weight in
                values.write(weight, width: newWidth, into: row)
                kernel.initializeState(of: row, weight: weight)
            }
        }
        zeroCount += zeros(of: row)
        outcome.created += 1
        return row
    }

    func withInitialWeight(_ seed: UInt64, _ body: (UnsafeMutablePointer<Float>) -> Void) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: spec.dimension) { weight in
            guard let weight = weight.baseAddress else { return }
            initial.fill(key: seed, into: weight)
            body(weight)
        }
    }
}
