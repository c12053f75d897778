import CLehrKernels
import LehrCore

extension KeyIndex {
    /// An entry of the index, or a free place for one.
    struct Place {
        let tags: UnsafeMutableRawPointer
        let slot: Int
        /// What belongs into the free place.
        let tag: UInt32
        /// Whether there is an entry.
        let isTaken: Bool
    }

    /// An empty place in a bucket, and the number of places taken in its segment.
    struct EmptyPlace {
        let tags: UnsafeMutableRawPointer
        let slot: Int
        let tag: UInt32
        let filled: UnsafeMutablePointer<UInt16>
    }

    /// A place for a hash of which its home bucket says that there is no entry; nil where it takes
    /// more than that to know, or where its segment has to split first.
    @inline(__always)
    func emptyPlace(for hash: UInt64) -> EmptyPlace? {
        let entry = SegmentEntry(value: view.entry(hash))
        guard entry.number < filled.count else { return nil }
        let filled = filled.at(entry.number)
        let tags = entry.base + Self.home(hash) &* Self.bucketBytes
        let tag = Self.tag(hash)
        // A bucket with an empty place has none of a removed entry, and no search goes on behind it.
        let empty = lehr_tags_equal(tags, 0)
        guard filled.pointee < Self.splitCount, empty != 0, lehr_tags_equal(tags, tag) == 0 else {
            return nil
        }
        return EmptyPlace(
            tags: tags, slot: empty.trailingZeroBitCount, tag: tag, filled: filled)
    }

    /// Writes an entry into an empty place.
    @inline(__always)
    mutating func fill(_ place: EmptyPlace, _ location: UInt32) {
        Self.set(place.tags, place.slot, tag: place.tag, location: location)
        place.filled.pointee &+= 1
        count &+= 1
    }

    /// The segment of a hash, with room for one entry more; `rows` says where rows are. Nil, and no
    /// entry has changed, when it is full and cannot split.
    mutating func segmentWithRoom(for hash: UInt64, rows: RowAddresses) -> SegmentEntry? {
        let entry = SegmentEntry(value: view.entry(hash))
        if entry.number < filled.count, filled[entry.number] < Self.splitCount { return entry }
        guard makeRoom(for: hash, rows: rows) else { return nil }
        return SegmentEntry(value: view.entry(hash))
    }

    @inline(never)
    private mutating func makeRoom(for hash: UInt64, rows: RowAddresses) -> Bool {
        if segments.count == 0, !addFirstSegment() { return false }
        while true {
            let number = SegmentEntry(value: view.entry(hash)).number
            let taken = Int(filled[number])
            if taken < Self.splitCount { return true }
            let removed = Int(segments[number].removed)
            if removed >= Self.slotCount / 8 {
                rebuild(number, rows)
            } else if !split(number, rows) {
                guard taken >= Self.fullCount else { return true }
                guard removed > 0 else { return false }
                rebuild(number, rows)
            }
        }
    }

    /// The entry of a hash for whose location `isKey` holds, or else the first free place from the
    /// hash's home on, in the hash's segment, which has room.
    func place(of hash: UInt64, in segment: SegmentEntry, isKey: (UInt32) -> Bool) -> Place {
        let homeTag = Self.tag(hash)
        let home = segment.base + Self.home(hash) &* Self.bucketBytes
        var (tag, tags) = (homeTag, home)
        while true {
            var matches = lehr_tags_equal(tags, tag)
            while matches != 0 {
                let slot = matches.trailingZeroBitCount
                if isKey(Self.location(tags, slot)) {
                    return Place(tags: tags, slot: slot, tag: tag, isTaken: true)
                }
                matches &= matches - 1
            }
            if lehr_tags_equal(tags, 0) != 0 { return Self.freePlace(homeTag, from: home) }
            Self.goOn(&tags, &tag)
        }
    }

    /// The first place from a bucket on that is empty or was left by an entry.
    private static func freePlace(_ homeTag: UInt32, from home: UnsafeMutableRawPointer) -> Place {
        var tag = homeTag
        var tags = home
        while true {
            let slots = lehr_tags_equal(tags, 0) | lehr_tags_equal(tags, 1)
            if slots != 0 {
                return Place(
                    tags: tags, slot: slots.trailingZeroBitCount, tag: tag, isTaken: false)
            }
            goOn(&tags, &tag)
        }
    }

    /// Writes an entry into a free place of a segment.
    mutating func fill(_ place: Place, in segment: SegmentEntry, _ location: UInt32) {
        let isRemoved = place.tags.assumingMemoryBound(to: UInt32.self)[place.slot] == 1
        Self.set(place.tags, place.slot, tag: place.tag, location: location)
        if isRemoved {
            segments.at(segment.number).pointee.removed &-= 1
        } else {
            filled.at(segment.number).pointee &+= 1
        }
        count &+= 1
    }

    @inline(__always)
    static func home(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash >> bucketShift) & (bucketCount - 1)
    }

    /// Removes the entry of a hash that has this location; it must be there.
    mutating func remove(_ hash: UInt64, _ location: UInt32, rows: RowAddresses) {
        let place = entry(of: hash, at: location)
        let (tags, slot) = (place.tags, place.slot)
        let number = SegmentEntry(value: view.entry(hash)).number
        // No search goes on over a bucket that has an empty place.
        let isLast = lehr_tags_equal(tags, 0) != 0
        Self.set(tags, slot, tag: isLast ? 0 : 1, location: 0)
        if isLast {
            filled.at(number).pointee -= 1
        } else {
            segments.at(number).pointee.removed += 1
        }
        count -= 1
        changes &+= 1
        mergeIfSparse(number, rows)
    }

    /// Lets the entry of a hash that has location `old` have `new`.
    mutating func move(_ hash: UInt64, from old: UInt32, to new: UInt32) {
        let place = entry(of: hash, at: old)
        Self.set(place.tags, place.slot, tag: place.tag, location: new)
        changes &+= 1
    }

    /// The entry of a hash that has this location; it must be there.
    private func entry(of hash: UInt64, at location: UInt32) -> Place {
        precondition(segments.count > 0, "an entry of an index without any")
        var tag = Self.tag(hash)
        var tags = view.bucket(hash)
        for _ in 0..<Self.bucketCount {
            var matches = lehr_tags_equal(tags, tag)
            while matches != 0 {
                let slot = matches.trailingZeroBitCount
                if Self.location(tags, slot) == location {
                    return Place(tags: tags, slot: slot, tag: tag, isTaken: true)
                }
                matches &= matches - 1
            }
            Self.goOn(&tags, &tag)
        }
        preconditionFailure("an entry that is not in the index")
    }
}
