import Glibc
import LehrCore

/// Cache lines at random, as many as an index of some rows has, that tell where rows are.
final class IndexLines {
    private let memory: UnsafeMutableRawPointer
    private let lineCount: Int

    private static let lineBytes = 64
    private static let hugePage = 2 << 20
    /// Rows of which a bucket of eight places tells, on average over a doubling.
    private static let rowsPerLine = 4.4

    init(rows: Int) throws(BenchError) {
        lineCount = max(1, Int(Double(rows) / Self.rowsPerLine))
        let pages = (lineCount * Self.lineBytes + Self.hugePage - 1) / Self.hugePage
        guard let memory = aligned_alloc(Self.hugePage, pages * Self.hugePage) else {
            throw BenchError("no memory for \(pages) huge pages of lines")
        }
        madvise(memory, pages * Self.hugePage, MADV_HUGEPAGE)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: pages * Self.hugePage)
        self.memory = memory
    }

    deinit { free(memory) }

    /// Writes down the rows of some keys; returns where. Where two keys share a place, both lead to the row
    /// of the second.
    func enter(
        _ keys: [UInt64], _ rows: [UnsafeMutableRawPointer]
    ) -> [UnsafeMutableRawPointer] {
        zip(keys, rows).map { key, row in
            let hash = mixed(key)
            let line = Int(hash.multipliedFullWidth(by: UInt64(lineCount)).high)
            let place = memory + line * Self.lineBytes + Int(hash & 7) * 8
            place.storeBytes(of: row, as: UnsafeMutableRawPointer.self)
            return place
        }
    }
}
