import Glibc

/// The directory of a `KeyIndex`: the segment of each value of the hash's directory bits.
///
/// Address space for its largest size is mapped at once, and the system gives it memory as it grows,
/// so that it never moves. Entry `i` of `2^depth` is for the hashes whose low `depth` directory bits
/// are `i`; a segment of depth `d` has every `2^d`-th entry.
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

    /// Bytes that have memory behind them.
    var bytesUsed: Int { region == nil ? 0 : Self.bytes(depth) }

    /// What opening it, or doubling it next, adds to that.
    var growth: Int { region == nil ? Self.bytes(0) : Self.bytes(depth + 1) - Self.bytes(depth) }

    private static func bytes(_ depth: Int) -> Int {
        let bytes = MemoryLayout<UInt>.size << depth
        return (bytes + pageBytes - 1) / pageBytes * pageBytes
    }

    /// Maps the address space; false when the system refuses.
    mutating func open() -> Bool {
        guard region == nil else { return true }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let start = mmap(nil, reservedBytes, PROT_READ | PROT_WRITE, flags, -1, 0),
            start != MAP_FAILED
        else { return false }
        let region = start.bindMemory(to: UInt.self, capacity: 1 << bitLimit)
        self.region = region
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
        depth += 1
        mask = 1 << UInt(depth) - 1
    }

    /// Copies a few entries of the lower half that have no entry of their own in the upper half.
    mutating func fillSome() {
        let end = Swift.min(filled + Self.fillCount, 1 << depth)
        let half = 1 << (depth - 1)
        while filled < end {
            if entries[filled] == 0 { entries[filled] = entries[filled - half] }
            filled += 1
        }
    }
}
