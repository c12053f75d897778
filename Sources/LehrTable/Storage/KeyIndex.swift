import CLehrKernels
import LehrCore

/// Finds rows by the hash of their key: extendible hashing (Fagin et al. 1979) over buckets of one
/// cache line.
///
/// A *bucket* is eight tags and eight row locations. 128 buckets are a *segment*, which splits in two
/// when it is four fifths full, so that growing never moves more than a segment at once. The
/// *directory* names the segment of each value of the hash's directory bits.
///
/// | bits of the hash | what for |
/// |---|---|
/// | 0 ..< 32 | tag |
/// | 32 ..< 39 | bucket |
/// | 39 ..< 64 | directory, from the low end; its upper end is what partitions are cut by |
///
/// The directory counts its bits from the low end, so that doubling it copies its lower half to its
/// upper half; the copy is spread over the next splits, and an entry not copied yet is found in the
/// lower half. The tag of a bucket's slot is the low half of the hash with 0 (empty) and 1 (removed)
/// moved out of the way; keys are compared in the rows.
struct KeyIndex: ~Copyable {
    static let bucketBytes = 64
    static let slotsPerBucket = 8
    static let bucketCount = 128
    static let segmentBytes = bucketCount * bucketBytes
    static let slotCount = bucketCount * slotsPerBucket
    /// Entries at which a segment splits: four fifths.
    static let splitCount = 819
    /// Entries of two siblings that fit well in one segment again.
    static let mergeCount = 360
    /// Entries beyond which a segment that cannot split refuses more; some places stay empty, so
    /// that every search ends.
    static let fullCount = slotCount - slotsPerBucket
    static let bucketShift: UInt64 = 32
    static let directoryShift: UInt64 = 39
    static let directoryBits = 25

    /// What is known of a segment besides its buckets.
    struct Segment: BitwiseCopyable {
        /// Nil when the number is free.
        var base: UnsafeMutableRawPointer?
        /// The directory bits that all its keys share, `depth` of them.
        var pattern: UInt32
        var count: UInt16
        /// Slots of removed entries, which searches go on over.
        var removed: UInt16
        var depth: UInt8
    }

    let source: PartitionMemory
    let keys: RowKeys
    /// Entries in the index.
    private(set) var count = 0
    var segments = PagedArray<Segment>()
    var freeNumbers: [Int] = []
    var memory: SegmentMemory
    var directory: Directory

    init(source: PartitionMemory, prefixBits: Int, keys: RowKeys) {
        self.source = source
        self.keys = keys
        memory = SegmentMemory()
        directory = Directory(bitLimit: Self.directoryBits - prefixBits)
    }

    deinit { memory.release(to: source) }

    var bytesUsed: Int { memory.bytesUsed + directory.bytesUsed }

    var segmentCount: Int { segments.count - freeNumbers.count }

    /// What a search needs; stale once the index has changed.
    var view: View { View(directory: directory.entries, mask: directory.mask) }

    @inline(__always)
    static func tag(_ hash: UInt64) -> UInt32 {
        let low = UInt32(truncatingIfNeeded: hash)
        return low < 2 ? low &+ 2 : low
    }

    struct View {
        let directory: UnsafeMutablePointer<UInt>
        let mask: UInt

        /// The home bucket of a hash.
        @inline(__always)
        func bucket(_ hash: UInt64) -> UnsafeMutableRawPointer {
            let offset = Int(truncatingIfNeeded: hash >> bucketShift) & (bucketCount - 1)
            return segment(hash) + offset &* bucketBytes
        }

        @inline(__always)
        func segment(_ hash: UInt64) -> UnsafeMutableRawPointer {
            SegmentEntry(value: entry(hash)).base
        }

        @inline(__always)
        func entry(_ hash: UInt64) -> UInt {
            let place = UInt(truncatingIfNeeded: hash >> directoryShift) & mask
            let entry = directory[Int(bitPattern: place)]
            if entry != 0 { return entry }
            return directory[Int(bitPattern: place & (mask >> 1))]
        }

        /// Calls `body` with the location of every entry whose tag is that of the hash, until it
        /// returns true.
        @inline(__always)
        func search(_ hash: UInt64, _ body: (UInt32) -> Bool) {
            let tag = KeyIndex.tag(hash)
            let segment = segment(hash)
            var bucket = Int(truncatingIfNeeded: hash >> bucketShift) & (bucketCount - 1)
            while true {
                let tags = segment + bucket * bucketBytes
                var matches = lehr_tags_equal(tags, tag)
                while matches != 0 {
                    if body(KeyIndex.location(tags, matches.trailingZeroBitCount)) { return }
                    matches &= matches - 1
                }
                if lehr_tags_equal(tags, 0) != 0 { return }
                bucket = (bucket + 1) & (bucketCount - 1)
            }
        }
    }

    /// The location in slot `slot` of the bucket at `tags`.
    @inline(__always)
    static func location(_ tags: UnsafeMutableRawPointer, _ slot: Int) -> UInt32 {
        (tags + 32).assumingMemoryBound(to: UInt32.self)[slot]
    }

    @inline(__always)
    static func set(_ tags: UnsafeMutableRawPointer, _ slot: Int, tag: UInt32, location: UInt32) {
        tags.assumingMemoryBound(to: UInt32.self)[slot] = tag
        (tags + 32).assumingMemoryBound(to: UInt32.self)[slot] = location
    }
}

/// An entry of the directory: where a segment is, and its number in the bits that an address leaves
/// unused (the low 13, as segments are 8 KiB, and the upper 16).
struct SegmentEntry {
    let value: UInt

    init(value: UInt) { self.value = value }

    init(base: UnsafeMutableRawPointer, number: Int) {
        value = UInt(bitPattern: base) | UInt(number >> 13) << 48 | UInt(number & 0x1FFF)
    }

    @inline(__always)
    var base: UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(bitPattern: value & 0x0000_FFFF_FFFF_E000).unsafelyUnwrapped
    }

    @inline(__always)
    var number: Int { Int(value >> 48) << 13 | Int(value & 0x1FFF) }
}

// MARK: - Changes

extension KeyIndex {
    /// Adds an entry for a hash; `rows` says where rows are. False, and nothing has changed, when a
    /// segment would have to split and cannot.
    mutating func insert(_ hash: UInt64, _ location: UInt32, rows: RowAddresses) -> Bool {
        if segments.count == 0, !addFirstSegment() { return false }
        while true {
            let number = SegmentEntry(value: view.entry(hash)).number
            let segment = segments.at(number)
            let taken = Int(segment.pointee.count) &+ Int(segment.pointee.removed)
            if taken < Self.splitCount {
                place(hash, location, segment)
                return true
            }
            let removed = Int(segment.pointee.removed)
            if removed >= Self.slotCount / 8 {
                rebuild(number, rows)
            } else if !split(number, rows) {
                guard taken >= Self.fullCount else {
                    place(hash, location, segment)
                    return true
                }
                guard removed > 0 else { return false }
                rebuild(number, rows)
            }
        }
    }

    /// Writes an entry into the first place from its home on.
    @inline(__always)
    private mutating func place(
        _ hash: UInt64, _ location: UInt32, _ segment: UnsafeMutablePointer<Segment>
    ) {
        guard let base = segment.pointee.base else { return }
        if Self.write(Self.tag(hash), location, Self.home(hash), in: base) {
            segment.pointee.removed &-= 1
        }
        segment.pointee.count &+= 1
        count &+= 1
    }

    @inline(__always)
    static func home(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash >> bucketShift) & (bucketCount - 1)
    }

    /// Returns whether the place was that of a removed entry. There must be a place.
    @inline(__always)
    private static func write(
        _ tag: UInt32, _ location: UInt32, _ home: Int, in base: UnsafeMutableRawPointer
    ) -> Bool {
        var bucket = home
        while true {
            let tags = base + bucket &* bucketBytes
            let empty = lehr_tags_equal(tags, 0)
            let free = empty | lehr_tags_equal(tags, 1)
            if free != 0 {
                let slot = free.trailingZeroBitCount
                set(tags, slot, tag: tag, location: location)
                return empty >> UInt32(slot) & 1 == 0
            }
            bucket = (bucket + 1) & (bucketCount - 1)
        }
    }

    /// Removes the entry of a hash that has this location; it must be there.
    mutating func remove(_ hash: UInt64, _ location: UInt32, rows: RowAddresses) {
        guard let (tags, slot) = find(hash, location) else {
            preconditionFailure("an entry that is not in the index")
        }
        let number = SegmentEntry(value: view.entry(hash)).number
        // No search goes on over a bucket that has an empty place.
        let isLast = lehr_tags_equal(tags, 0) != 0
        Self.set(tags, slot, tag: isLast ? 0 : 1, location: 0)
        segments.at(number).pointee.count -= 1
        if !isLast { segments.at(number).pointee.removed += 1 }
        count -= 1
        mergeIfSparse(number, rows)
    }

    /// Lets the entry of a hash that has location `old` have `new`.
    func move(_ hash: UInt64, from old: UInt32, to new: UInt32) {
        guard let (tags, slot) = find(hash, old) else {
            preconditionFailure("an entry that is not in the index")
        }
        Self.set(tags, slot, tag: Self.tag(hash), location: new)
    }

    private func find(
        _ hash: UInt64, _ location: UInt32
    ) -> (tags: UnsafeMutableRawPointer, slot: Int)? {
        guard segments.count > 0 else { return nil }
        let tag = Self.tag(hash)
        let segment = view.segment(hash)
        var bucket = Self.home(hash)
        for _ in 0..<Self.bucketCount {
            let tags = segment + bucket * Self.bucketBytes
            var matches = lehr_tags_equal(tags, tag)
            while matches != 0 {
                let slot = matches.trailingZeroBitCount
                if Self.location(tags, slot) == location { return (tags, slot) }
                matches &= matches - 1
            }
            bucket = (bucket + 1) & (Self.bucketCount - 1)
        }
        return nil
    }
}

// MARK: - Splitting and merging

extension KeyIndex {
    private mutating func addFirstSegment() -> Bool {
        guard let base = memory.take(for: nextNumber, from: source) else { return false }
        // Without a segment there must be no directory to look one up in.
        guard directory.open() else {
            memory.give(base)
            return false
        }
        add(Segment(base: base, pattern: 0, count: 0, removed: 0, depth: 0))
        return true
    }

    private var nextNumber: Int { freeNumbers.last ?? segments.count }

    /// Numbers a segment and enters it into the directory.
    private mutating func add(_ segment: Segment) {
        let number = freeNumbers.popLast() ?? segments.count
        if number == segments.count { segments.append(segment) } else { segments[number] = segment }
        enter(number)
    }

    private func enter(_ number: Int) {
        let segment = segments[number]
        guard let base = segment.base else { return }
        directory.set(
            SegmentEntry(base: base, number: number), pattern: UInt(segment.pattern),
            depth: Int(segment.depth))
    }

    /// Cuts a segment in two by its next directory bit. False at a limit.
    ///
    /// The directory may have 64 entries a segment, far more than keys at random ask for: so many
    /// keys made to agree in their hash's upper half cannot make it large.
    private mutating func split(_ number: Int, _ rows: RowAddresses) -> Bool {
        let depth = Int(segments[number].depth)
        if depth == directory.depth {
            guard depth < 6 + Self.bits(segmentCount), directory.double() else { return false }
        }
        guard let base = memory.take(for: nextNumber, from: source) else { return false }
        segments.at(number).pointee.depth += 1
        let pattern = segments[number].pattern | 1 << UInt32(depth)
        add(
            Segment(
                base: base, pattern: pattern, count: 0, removed: 0, depth: UInt8(depth + 1)))
        let bit = Self.directoryShift + UInt64(depth)
        enter(number)
        let other = SegmentEntry(value: directory.entry(pattern: UInt(pattern))).number
        redistribute([number], rows) { $0 >> bit & 1 == 0 ? number : other }
        directory.fillSome()
        return true
    }

    private static func bits(_ count: Int) -> Int { Int.bitWidth - count.leadingZeroBitCount }

    /// Writes a segment anew without what was removed from it.
    private mutating func rebuild(_ number: Int, _ rows: RowAddresses) {
        redistribute([number], rows) { _ in number }
    }

    /// Empties the segments `sources` and writes their entries into those that `target` names.
    private mutating func redistribute(
        _ sources: [Int], _ rows: RowAddresses, _ target: (UInt64) -> Int
    ) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * Self.slotCount) { buffer in
            guard let locations = buffer.baseAddress else { return }
            var total = 0
            for number in sources {
                total += Self.drain(segments.at(number), into: locations + total)
            }
            let ahead = 16
            for i in 0..<Swift.min(ahead, total) { lehr_prefetch(rows.row(locations[i])) }
            for i in 0..<total {
                if i + ahead < total { lehr_prefetch(rows.row(locations[i + ahead])) }
                let hash = keys.hash(row: rows.row(locations[i]))
                let segment = segments.at(target(hash))
                guard let base = segment.pointee.base else { continue }
                _ = Self.write(Self.tag(hash), locations[i], Self.home(hash), in: base)
                segment.pointee.count &+= 1
            }
        }
    }

    /// Takes all entries out of a segment; returns how many.
    private static func drain(
        _ segment: UnsafeMutablePointer<Segment>, into locations: UnsafeMutablePointer<UInt32>
    ) -> Int {
        guard let base = segment.pointee.base else { return 0 }
        var total = 0
        for bucket in 0..<bucketCount {
            let tags = base + bucket * bucketBytes
            for slot in 0..<slotsPerBucket
            where tags.assumingMemoryBound(to: UInt32.self)[slot] > 1 {
                locations[total] = location(tags, slot)
                total += 1
            }
        }
        base.initializeMemory(as: UInt8.self, repeating: 0, count: segmentBytes)
        segment.pointee.count = 0
        segment.pointee.removed = 0
        return total
    }

    /// Makes one segment of two siblings that have become small.
    private mutating func mergeIfSparse(_ number: Int, _ rows: RowAddresses) {
        let segment = segments[number]
        guard segment.depth > 0, Int(segment.count) <= Self.mergeCount / 2 else { return }
        let bit = UInt32(1) << UInt32(segment.depth - 1)
        let sibling = SegmentEntry(value: directory.entry(pattern: UInt(segment.pattern ^ bit)))
            .number
        guard segments[sibling].depth == segment.depth,
            Int(segments[sibling].count) + Int(segment.count) <= Self.mergeCount
        else { return }
        let (low, high) =
            segment.pattern & bit == 0 ? (number, sibling) : (sibling, number)
        redistribute([low, high], rows) { _ in low }
        segments.at(low).pointee.depth -= 1
        enter(low)
        if let base = segments[high].base { memory.give(base) }
        segments.at(high).pointee.base = nil
        freeNumbers.append(high)
    }
}

// MARK: - Compaction

extension KeyIndex {
    /// Moves a segment, or gives a block of segments back; false when there is nothing to gain.
    mutating func compact() -> Bool {
        let before = memory.blockCount
        guard let number = memory.segmentToMove(source: source) else {
            return memory.blockCount < before
        }
        guard let old = segments[number].base, let new = memory.takeElsewhere(for: number) else {
            return false
        }
        new.copyMemory(from: old, byteCount: Self.segmentBytes)
        segments.at(number).pointee.base = new
        enter(number)
        memory.give(old)
        return true
    }
}
