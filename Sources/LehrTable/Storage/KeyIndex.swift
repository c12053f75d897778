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
/// | 0 ..< 31 | tag |
/// | 0 ..< 25 | directory, from the low end |
/// | 32 ..< 39 | bucket |
/// | 48 ..< 64 | what partitions are cut by |
///
/// The directory's bits are the tag's as well, so that a split reads no rows: it would wait for memory
/// hundreds of times. They tell nothing apart within a segment, and the other bits of a tag, 15 of them
/// at fifty million keys, tell enough.
///
/// The directory counts its bits from the low end, so that doubling it copies its lower half to its
/// upper half; the copy is spread over the next splits, and an entry not copied yet is found in the
/// lower half. A tag has 0 (empty) and 1 (removed) moved out of the way, and the uppermost bit set when
/// its bucket is not the hash's own, as that was full; keys are compared in the rows.
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
    static let directoryBits = 25
    /// Set in the tag of an entry that is not in its home bucket.
    static let displaced: UInt32 = 1 << 31

    /// What is known of a segment besides its buckets.
    struct Segment: BitwiseCopyable {
        /// Nil when the number is free.
        var base: UnsafeMutableRawPointer?
        /// The directory bits that all its keys share, `depth` of them.
        var pattern: UInt32
        /// Slots of removed entries, which searches go on over.
        var removed: UInt16 = 0
        var depth: UInt8
    }

    let source: PartitionMemory
    let keys: RowKeys
    /// Entries in the index.
    var count = 0
    var segments = PagedArray<Segment>()
    /// By segment: the slots that are not empty. By itself, because it is all that an insertion reads and
    /// writes of a segment besides a bucket.
    var filled = PagedArray<UInt16>()
    /// Counts the changes after which views, and places found in them, are stale.
    var changes: UInt = 0
    var freeNumbers: [Int] = []
    var memory: SegmentMemory
    var directory: Directory

    init(source: PartitionMemory, prefixBits: Int, keys: RowKeys) {
        self.source = source
        self.keys = keys
        memory = SegmentMemory()
        directory = Directory(bitLimit: Self.directoryBits - prefixBits)
        // Now, so that the first key does not wait for it; if the system refuses, that key tries again.
        _ = directory.map()
    }

    deinit { memory.release(to: source) }

    var bytesUsed: Int { memory.bytesUsed + directory.bytesUsed }

    var segmentCount: Int { segments.count - freeNumbers.count }

    /// What a search needs; stale once `changes` has gone on.
    @inline(__always)
    var view: View { View(directory: directory.entries, mask: directory.mask) }

    @inline(__always)
    static func tag(_ hash: UInt64) -> UInt32 {
        let low = UInt32(truncatingIfNeeded: hash) & ~displaced
        // By a bit that is none of the directory's.
        return low < 2 ? low | 1 << 30 : low
    }

    /// Entries in a segment.
    func count(_ number: Int) -> Int { Int(filled[number]) - Int(segments[number].removed) }

    struct View {
        let directory: UnsafeMutablePointer<UInt>
        let mask: UInt

        /// The home bucket of a hash.
        @inline(__always)
        func bucket(_ hash: UInt64) -> UnsafeMutableRawPointer {
            segment(hash) + KeyIndex.home(hash) &* bucketBytes
        }

        @inline(__always)
        func segment(_ hash: UInt64) -> UnsafeMutableRawPointer {
            SegmentEntry(value: entry(hash)).base
        }

        @inline(__always)
        func entry(_ hash: UInt64) -> UInt {
            let place = UInt(truncatingIfNeeded: hash) & mask
            let entry = directory[Int(bitPattern: place)]
            if entry != 0 { return entry }
            return directory[Int(bitPattern: place & (mask >> 1))]
        }

        /// Calls `body` with the location of every entry whose tag is that of the hash, until it
        /// returns true.
        @inline(__always)
        func search(_ hash: UInt64, _ body: (UInt32) -> Bool) {
            var tag = KeyIndex.tag(hash)
            var tags = bucket(hash)
            while true {
                var matches = lehr_tags_equal(tags, tag)
                while matches != 0 {
                    if body(KeyIndex.location(tags, matches.trailingZeroBitCount)) { return }
                    matches &= matches - 1
                }
                if lehr_tags_equal(tags, 0) != 0 { return }
                KeyIndex.goOn(&tags, &tag)
            }
        }
    }

    /// The bucket behind one, around the end of its segment.
    @inline(__always)
    static func bucket(behind bucket: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        let isLast = ~UInt(bitPattern: bucket) & UInt(segmentBytes - bucketBytes) == 0
        return isLast ? bucket - (segmentBytes - bucketBytes) : bucket + bucketBytes
    }

    /// Goes on with a search: from a bucket that was full of others to the one behind it, where what
    /// is looked for is not at home.
    @inline(__always)
    static func goOn(_ tags: inout UnsafeMutableRawPointer, _ tag: inout UInt32) {
        tags = bucket(behind: tags)
        tag |= displaced
    }

    /// What a bucket says of the row behind the first entry with a tag.
    enum Candidate {
        /// There may be one in the buckets behind this one, which is full.
        case farther
        case none
        case row(RowPointer)
    }

    @inline(__always)
    static func candidate(
        _ bucket: UnsafeMutableRawPointer, _ tag: UInt32, _ rows: RowAddresses
    ) -> Candidate {
        let matches = lehr_tags_equal(bucket, tag)
        if matches != 0 { return .row(rows.row(location(bucket, matches.trailingZeroBitCount))) }
        return lehr_tags_equal(bucket, 0) != 0 ? .none : .farther
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
