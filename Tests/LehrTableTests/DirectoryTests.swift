import Glibc
import Testing

@testable import LehrTable

struct DirectoryTests {
    /// What a split asks of a directory, without the segments.
    private static func entry(_ number: Int) -> SegmentEntry {
        SegmentEntry(base: Directory.emptySegment, number: number)
    }

    /// How many of the pages of the first `byteCount` bytes have memory behind them.
    private static func residentPages(_ start: UnsafeMutableRawPointer, _ byteCount: Int) -> Int {
        let pages = (byteCount + 4095) / 4096
        var states = [UInt8](repeating: 0, count: pages)
        guard mincore(start, byteCount, &states) == 0 else { return -1 }
        return states.count { $0 & 1 == 1 }
    }

    @Test func hasMemoryForTheNextDoublingBeforehand() throws {
        var directory = Directory(bitLimit: 13)
        #expect(directory.bytesUsed == 0 && directory.growth == 4096)
        let isMapped = directory.map()
        try #require(isMapped && directory.bytesUsed == 0)
        let isOpen = directory.open()
        try #require(isOpen && directory.bytesUsed == 4096)
        directory.set(Self.entry(0), pattern: 0, depth: 0)
        for depth in 0..<13 {
            let growth = directory.growth
            let before = directory.bytesUsed
            // Far fewer splits than a directory of this size sees before it doubles.
            for _ in 0..<max(1, (1 << depth) / 128) { directory.prepareSome() }
            let size = max(4096, 8 << (depth + 1))
            let resident = Self.residentPages(directory.entries, 8 << 13)
            #expect(directory.bytesUsed == size && resident == size / 4096, "depth \(depth)")
            directory.double()
            #expect(directory.bytesUsed == before + growth)
        }
        #expect(directory.depth == 13 && directory.growth == 0)
        // Nothing beyond the largest size is touched.
        for _ in 0..<100 { directory.prepareSome() }
        #expect(directory.bytesUsed == 8 << 13)
    }

    /// Doublings with nothing in between, as keys that agree in their hashes bring about.
    @Test func entriesOutlastDoublings() throws {
        var directory = Directory(bitLimit: 14)
        let isOpen = directory.open()
        try #require(isOpen)
        directory.set(Self.entry(0), pattern: 0, depth: 0)
        for depth in 1...14 {
            directory.double()
            // The segment of the pattern 0 is cut in two again and again.
            directory.set(Self.entry(depth), pattern: 1 << UInt(depth - 1), depth: depth)
            directory.prepareSome()
        }
        for _ in 0..<100 { directory.prepareSome() }
        for pattern in 1..<UInt(1 << 14) {
            let number = SegmentEntry(value: directory.entry(pattern: pattern)).number
            #expect(number == pattern.trailingZeroBitCount + 1, "\(pattern)")
        }
        #expect(SegmentEntry(value: directory.entry(pattern: 0)).number == 0)
    }
}
