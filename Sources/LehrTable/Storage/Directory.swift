import Glibc

/// The directory of a `KeyIndex`: the segment of each value of the hash's directory bits.
///
/// Address space for its largest size is mapped at once, and the system gives it memory as it grows,
/// so that it never moves. A page is a long wait, and a doubling needs several: each has its memory
/// beforehand, one with each of some splits. Entry `i` of `2^depth` is for the hashes whose low `depth`
/// directory bits are `i`; a segment of depth `d` has every `2^d`-th entry.
struct Directory: ~Copyable {
    /// Most bits: fewer, the fewer of all keys a partition has.
    let bitLimit: Int
    private(set) var depth = 0
    /// The directory bits: `2^depth - 1`.
    private(set) var mask: UInt = 0
    private(set) var entries = Self.nothing
    private var region: UnsafeMutablePointer<UInt>?
    /// Entries from here on to the end are still to be copied from the lower half.
    private var filled = 1
    /// Bytes that the system has given memory for.
    private var touchedBytes = 0

    private static let pageBytes = 4096
    /// Entries copied with each split: enough to be done long before the next doubling.
    private static let fillCount = 512

    /// What an index without entries is searched in: one segment with nothing in it.
    private nonisolated(unsafe) static let nothing: UnsafeMutablePointer<UInt> = {
        let entries = UnsafeMutablePointer<UInt>.allocate(capacity: 1)
        entries.initialize(to: SegmentEntry(base: emptySegment, number: 0).value)
        return entries
    }()

    /// A segment without entries.
    nonisolated(unsafe) static let emptySegment: UnsafeMutableRawPointer = {
        let segment = UnsafeMutableRawPointer.allocate(
            byteCount: KeyIndex.segmentBytes, alignment: KeyIndex.segmentBytes)
        segment.initializeMemory(as: UInt8.self, repeating: 0, count: KeyIndex.segmentBytes)
        return segment
    }()

    init(bitLimit: Int) { self.bitLimit = bitLimit }

    deinit {
        if let region { munmap(region, reservedBytes) }
    }

    private var reservedBytes: Int {
        Swift.max(Self.pageBytes, MemoryLayout<UInt>.size << bitLimit)
    }

    private var isOpen: Bool { entries == region }

    /// Bytes that have memory behind them, or are about to have. None before it is open: the page that it is
    /// mapped with counts from the first key on, so that a partition nobody uses is no load.
    var bytesUsed: Int { isOpen ? readyBytes : 0 }

    /// What opening it, or doubling it next, adds to that.
    var growth: Int { bytes(isOpen ? depth + 2 : 1) - bytesUsed }

    /// Bytes of it once it is doubled, which have memory before that.
    private var readyBytes: Int { bytes(depth + 1) }

    /// Of a directory of so many bits, or of its largest size.
    private func bytes(_ depth: Int) -> Int {
        let bytes = MemoryLayout<UInt>.size << Swift.min(depth, bitLimit)
        return (bytes + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
    }

    /// Maps the address space, with memory for the first entries; false when the system refuses.
    mutating func map() -> Bool {
        guard region == nil else { return true }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let start = mmap(nil, reservedBytes, PROT_READ | PROT_WRITE, flags, -1, 0),
            start != MAP_FAILED
        else { return false }
        region = start.bindMemory(to: UInt.self, capacity: 1 << bitLimit)
        touchNextPage()
        return true
    }

    /// Maps it unless it is, and has entries looked up there from now on: the first must be set at once.
    /// False when the system refuses.
    mutating func open() -> Bool {
        guard map(), let region else { return false }
        entries = region
        return true
    }

    /// The entry of the segment that hashes with these directory bits belong to.
    func entry(pattern: UInt) -> UInt {
        let entry = entries[Int(pattern & mask)]
        return entry != 0 ? entry : entries[Int(pattern & (mask >> 1))]
    }

    /// Enters a segment at all its places.
    func set(_ entry: SegmentEntry, pattern: UInt, depth segmentDepth: Int) {
        for place in stride(from: Int(pattern), to: 1 << depth, by: 1 << segmentDepth) {
            entries[place] = entry.value
        }
    }

    /// Twice as many entries, the new ones to be copied later; there must be a bit left.
    mutating func double() {
        precondition(depth < bitLimit, "a directory within its limit")
        while filled < 1 << depth { fillSome() }
        while touchedBytes < readyBytes { touchNextPage() }
        depth += 1
        mask = 1 << UInt(depth) - 1
    }

    /// A part of what the last doubling has put off, or of what the next one needs; a split can wait
    /// for one of them, but not for both.
    mutating func prepareSome() {
        if filled < 1 << depth { fillSome() } else { touchNextPage() }
    }

    /// Copies a few entries of the lower half that have no entry of their own in the upper half.
    private mutating func fillSome() {
        let end = Swift.min(filled + Self.fillCount, 1 << depth)
        let half = 1 << (depth - 1)
        while filled < end {
            if entries[filled] == 0 { entries[filled] = entries[filled - half] }
            filled += 1
        }
    }

    /// Has memory put behind the next page of what a doubling will add.
    private mutating func touchNextPage() {
        guard let region, touchedBytes < readyBytes else { return }
        // It is behind all entries: nothing is lost.
        UnsafeMutableRawPointer(region).storeBytes(
            of: 0, toByteOffset: touchedBytes, as: UInt.self)
        touchedBytes += Self.pageBytes
    }
}
