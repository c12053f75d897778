import LehrCore
import LehrTable

/// How far compaction is.
package enum CompactionState {
    /// Nothing is left to do.
    case done
    /// A slice was done; there may be more.
    case working
    /// There is something to do when scans under way have ended.
    case held
}

extension ShardCore {
    /// Bytes of rows that one slice moves at most, and rows: about 100 us.
    private static let sliceBytes = 128 << 10
    private static let sliceRows = 64

    /// Takes note of a partition whose rows have left places.
    func noteGaps(of owned: OwnedPartition) {
        let vacated = owned.rows.counters.vacated
        guard vacated != owned.vacatedSeen else { return }
        owned.vacatedSeen = vacated
        if !gaps.contains(owned.id) { gaps.append(owned.id) }
    }

    /// Gives a free page back or, when there is none, takes a slice of moving rows together and giving
    /// memory back, of the next partition that may gain from it.
    package func compactSlice() -> CompactionState {
        // A page takes as long as the rows of a slice.
        if pool.trim() { return .working }
        var held = 0
        while held < gaps.count {
            guard let owned = partition(gaps[held]) else {
                gaps.remove(at: held)
                continue
            }
            guard owned.rows.scanCount == 0 else {
                held += 1
                continue
            }
            let limit = max(1, min(Self.sliceRows, Self.sliceBytes / owned.rows.rowBytes))
            if owned.rows.compact(rowLimit: limit) { return .working }
            gaps.remove(at: held)
        }
        return gaps.isEmpty ? .done : .held
    }
}
