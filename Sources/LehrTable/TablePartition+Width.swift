extension TablePartition {
    /// Widens the row of key `i` of a block if it is narrow and has been seen often enough.
    func widenIfEarned(
        _ row: RowPointer, at i: Int, _ block: PushBlock, _ outcome: inout PushOutcome
    ) {
        guard let threshold = spec.storage.narrow?.untilShows, scanCount == 0,
            row.header.pointee.flags.contains(.narrow), row.header.pointee.show >= threshold
        else { return }
        // The key may have come before in this block: that gradient was for a narrow row.
        if (0..<i).contains(where: { block.rows[$0] == row }) {
            applyKernels(block.part(0..<i), &outcome)
            for j in 0..<i { block.rows[j] = nil }
        }
        zeroCount -= zeros(of: row)
        guard let (old, new) = store.widen(block.batch.key(i)) else {
            zeroCount += zeros(of: row)
            return
        }
        fillWidened(new, from: old, seed: store.keys.folded(block.batch.key(i)))
        // And it may come again.
        for j in i..<block.count where block.rows[j] == old { block.rows[j] = new }
        counters.widened += 1
    }

    /// Fills what a narrow row did not have; its weight is there already.
    private func fillWidened(_ row: RowPointer, from old: RowPointer, seed: UInt64) {
        let (narrow, full) = (store.shapes[0], self.full)
        let kernel = kernels[store.fullShape]
        withInitialWeight(seed) { weight in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: full.width) { learnt in
                guard let learnt = learnt.baseAddress else { return }
                values.read(old, width: narrow.width, into: learnt)
                weight.update(from: learnt, count: narrow.width)
            }
            values.write(weight, width: full.width, into: row)
            kernel.initializeState(of: row, weight: weight)
        }
        zeroCount += zeros(of: row)
        full.optimizer.copyState(
            from: old.floats(at: narrow.stateOffset), width: narrow.width,
            to: row.floats(at: full.stateOffset), width: full.width)
    }
}
