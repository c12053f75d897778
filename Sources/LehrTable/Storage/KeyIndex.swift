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
    var count = 0
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
