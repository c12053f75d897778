extension TablePartition {
    /// Begins a snapshot: the partition as it is now, to be taken in slices while it goes on changing.
    ///
    /// A snapshot under way is given up.
    package func beginSnapshot() { store.beginSnapshot() }

    /// Whether there is more of the snapshot to be taken.
    package var isInSnapshot: Bool { store.snapshot.isActive }

    /// The next rows of the snapshot, about `byteLimit` bytes and what changed since the last call;
    /// nil when it is whole, or when it had to be given up (`SnapshotLog.byteLimit`): then
    /// `hasLostSnapshot` is true.
    package func nextImages(byteLimit: Int) -> RowImages? { store.nextImages(byteLimit: byteLimit) }

    package var hasLostSnapshot: Bool { store.snapshot.hasOverflowed }

    package func abandonSnapshot() {
        if isInSnapshot { store.snapshot.end(isWhole: false) }
    }
}

extension RowStore {
    mutating func beginSnapshot() {
        if snapshot.isActive { snapshot.end(isWhole: false) }
        if snapshot.abandoned >= Int(UInt16.max) - 1 { forgetEpochs() }
        snapshot.begin()
    }

    /// After as many snapshots given up in a row as there are epochs, a row might pass for saved.
    private mutating func forgetEpochs() {
        let epoch = snapshot.epoch
        _ = chunks.visit(from: 0, limit: .max) { $1.header.pointee.epoch = epoch }
        snapshot.end(isWhole: true)
    }

    mutating func nextImages(byteLimit: Int) -> RowImages? {
        guard snapshot.isActive else { return nil }
        if let cursor = snapshot.cursor, !snapshot.hasOverflowed {
            // A slice ends by the rows looked at: nearly all of them may have been saved already.
            let limit = Swift.max(1, byteLimit / shapes[fullShape].stride)
            var images = snapshot.takeImages()
            let epoch = snapshot.epoch
            snapshot.cursor = chunks.visit(from: cursor, limit: limit) { _, row in
                guard row.header.pointee.epoch != epoch else { return }
                row.header.pointee.epoch = epoch
                images.append(row)
            }
            return images
        }
        snapshot.end(isWhole: !snapshot.hasOverflowed)
        return nil
    }
}
