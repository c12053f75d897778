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
        guard let table = runs.first?.partition, let words = keys.start,
            let firstGradient = gradients.start
        else { return PushOutcome() }
        let spec = table.spec
        precondition(spec.storage.numbers != .int8, "int8 rows are not trained")
        let count = keys.count / spec.storage.keyWidth.words
        precondition(gradients.count == count * spec.dimension, "a push has a row for each key")
        for counts in [shows, clicks] {
            precondition(counts?.count ?? count == count, "a push has counts for each key")
        }
        assert(
            Set(runs.map { ObjectIdentifier($0.partition) }).count == runs.count,
            "a partition has one run")
        let batch = PushBatch(
            count: count, words: words, keyBytes: table.store.keys.byteCount,
            gradients: firstGradient,
            gradientBytes: 4 * spec.dimension, shows: shows, clicks: clicks, now: now)
        let outcome = push(batch, to: runs, near: table.full.stride)
        for run in runs where !run.keys.isEmpty {
            run.partition.pushCount += 1
        }
        return outcome
    }

    private static func push(
        _ batch: PushBatch, to runs: [PartitionRun], near: Int
    ) -> PushOutcome {
        var progress = PushProgress()
        let count = runs.reduce(0) { $0 + $1.keys.count }
        var done = 0
        // Once more around whenever rows have moved, or the index where they are looked for.
        while done < count {
            withViews(of: runs) { views in
                done = RowPipeline<6>.forEachGroup(batch.words, views, from: done, near: near) {
                    apply($0, of: batch, to: runs, &progress)
                }
            }
        }
        return progress.total
    }

    /// Applies a group, run after run, until views are stale.
    @inline(__always)
    private static func apply<let groupCount: Int>(
        _ group: LocatedGroup, of batch: PushBatch, to runs: [PartitionRun],
        _ progress: inout PushProgress
    ) -> RowPipeline<groupCount>.Verdict {
        LocatedRows.with(count: groupCount) { located in
            var first = 0
            while first < group.count {
                let run = group[first].run
                var end = first
                while end < group.count, group[end].run == run {
                    (located.hashes + end - first).initialize(to: group[end].hash)
                    (located.rows + end - first).initialize(to: group[end].row)
                    end += 1
                }
                let position = group[first].position
                let keys = position..<position + end - first
                let isLast = keys.upperBound == runs[Int(run)].keys.upperBound
                let block = batch.block(keys, located)
                // The runs keep their partitions: no counting of references for every few keys.
                let partition = Unmanaged.passUnretained(runs[Int(run)].partition)
                let isGood = partition._withUnsafeGuaranteedRef {
                    $0.apply(block, of: batch, isLast, &progress)
                }
                guard isGood else { return .stop(after: end) }
                first = end
            }
            return .goOn
        }
    }

    /// Returns whether rows are still where they were.
    private func apply(
        _ block: PushBlock, of batch: PushBatch, _ isLast: Bool, _ progress: inout PushProgress
    ) -> Bool {
        let changes = store.changes
        admit(block, &progress)
        applyKernels(block, &progress.outcome)
        progress.count += block.count
        if isLast || progress.count >= PushProgress.most {
            if spec.storage.atLimit == .retire {
                retryRefused(of: batch, &progress)
            }
            counters.count(progress.outcome)
            progress.finish()
        }
        return store.changes == changes
    }

    /// Creates the missing rows of a block and updates headers; refused rows become nil.
    func admit(_ block: PushBlock, _ progress: inout PushProgress) {
        let isSound = fullKernel.areApplicable(block.batch.gradients, count: block.count)
        let hasCounts = block.batch.shows != nil || block.batch.clicks != nil
        if isSound, !hasCounts, spec.storage.narrow == nil, !store.isRecording {
            admitUncounted(block, &progress)
        } else {
            admitEach(block, isSound: isSound, &progress)
        }
    }

    /// Where there are no shows or clicks to be added, and nothing is to be checked or noted of any key.
    private func admitUncounted(_ block: PushBlock, _ progress: inout PushProgress) {
        guard let rows = block.rows.baseAddress else { return }
        for i in 0..<block.count {
            if rows[i] == nil { rows[i] = create(block, i, &progress) }
            guard let row = rows[i] else { continue }
            row.header.pointee.lastSeen = block.batch.now
            progress.outcome.applied &+= 1
        }
    }

    private func admitEach(_ block: PushBlock, isSound: Bool, _ progress: inout PushProgress) {
        guard let rows = block.rows.baseAddress else { return }
        let hasNarrow = spec.storage.narrow != nil
        for i in 0..<block.count {
            guard isSound || fullKernel.isApplicable(block.batch.gradient(i)),
                let counts = applicableCounts(block, i)
            else {
                progress.outcome.refusedNotFinite += 1
                rows[i] = nil
                continue
            }
            if rows[i] == nil { rows[i] = create(block, i, &progress) }
            guard let row = rows[i] else { continue }
            progress.outcome.applied &+= 1
            store.willChange(row)
            row.header.pointee.show += counts.show
            row.header.pointee.click += counts.click
            row.header.pointee.lastSeen = block.batch.now
            if counts.isClipped { progress.outcome.clipped += 1 }
            if hasNarrow { widenIfEarned(row, at: i, block, &progress.outcome) }
        }
    }

    private struct RowCounts {
        var show: Float = 0
        var click: Float = 0
        var isClipped = false
    }

    /// The counts that are added to a row; nil where they are refused.
    private func applicableCounts(_ block: PushBlock, _ i: Int) -> RowCounts? {
        let given = RowCounts(show: block.batch.shows?[i] ?? 0, click: block.batch.clicks?[i] ?? 0)
        guard let show = fullKernel.applicable(given.show),
            let click = fullKernel.applicable(given.click)
        else { return nil }
        let isClipped = show != given.show || click != given.click
        return RowCounts(show: show, click: click, isClipped: isClipped)
    }

    /// The row of key `i`, which had none when it was looked for; an earlier key of the push may have
    /// created it since. Nil, and counted, where there is no room.
    private func create(
        _ block: PushBlock, _ i: Int, _ progress: inout PushProgress
    ) -> RowPointer? {
        let key = block.batch.key(i)
        guard let (row, isNew) = store.findOrInsert(key, block.hashes[i], shape: 0) else {
            progress.outcome.refusedAtLimit += 1
            progress.refused.append(block.batch.first + i)
            return nil
        }
        if isNew {
            fillNew(row, seed: store.keys.folded(key))
            if countsZeros { zeroCount += zeros(of: row) }
            progress.outcome.created += 1
        }
        return row
    }

    /// Writes the initial weight and state of a row.
    @inline(__always)
    private func fillNew(_ row: RowPointer, seed: UInt64) {
        template.copy(to: row)
        guard !initial.isConstant else { return }
        if isPlain {
            let weight = row.floats(at: newKernel.weightOffset)
            initial.fill(key: seed, into: weight)
            if newKernel.stateNeedsWeight {
                newKernel.initializeState(of: row, weight: weight)
            }
        } else {
            withInitialWeight(seed) { weight in
                values.write(weight, width: newWidth, into: row)
                newKernel.initializeState(of: row, weight: weight)
            }
        }
    }

    func withInitialWeight(_ seed: UInt64, _ body: (UnsafeMutablePointer<Float>) -> Void) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: spec.dimension) { weight in
            guard let weight = weight.baseAddress else { return }
            initial.fill(key: seed, into: weight)
            body(weight)
        }
    }
}
