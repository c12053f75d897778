import CLehrKernels
import LehrCore

extension KeyIndex {
    /// An entry of the index, or a free place for one.
    struct Place {
        /// Of the segment.
        let number: Int
        let tags: UnsafeMutableRawPointer
        let slot: Int
        let isDisplaced: Bool
        /// Of the row; nil: the place is free.
        let location: UInt32?
    }

    /// Sees to it that an entry for a hash can be added; `rows` says where rows are. False, and no entry
    /// has changed, when its segment is full and cannot split.
    @inline(__always)
    mutating func makeRoom(for hash: UInt64, rows: RowAddresses) -> Bool {
        let number = SegmentEntry(value: view.entry(hash)).number
        if number < filled.count, filled[number] < Self.splitCount { return true }
        return makeRoomInFull(for: hash, rows: rows)
    }

    @inline(never)
    private mutating func makeRoomInFull(for hash: UInt64, rows: RowAddresses) -> Bool {
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
    /// hash's home on. There must be room.
    @inline(__always)
    func place(of hash: UInt64, isKey: (UInt32) -> Bool) -> Place {
        let entry = SegmentEntry(value: view.entry(hash))
        var tag = Self.tag(hash)
        var bucket = Self.home(hash)
        var free: Place?
        while true {
            let tags = entry.base + bucket &* Self.bucketBytes
            let isDisplaced = tag & Self.displaced != 0
            var matches = lehr_tags_equal(tags, tag)
            while matches != 0 {
                let slot = matches.trailingZeroBitCount
                let location = Self.location(tags, slot)
                if isKey(location) {
                    return Place(
                        number: entry.number, tags: tags, slot: slot, isDisplaced: isDisplaced,
                        location: location)
                }
                matches &= matches - 1
            }
            let empty = lehr_tags_equal(tags, 0)
            if free == nil {
                let slots = empty | lehr_tags_equal(tags, 1)
                if slots != 0 {
                    free = Place(
                        number: entry.number, tags: tags, slot: slots.trailingZeroBitCount,
                        isDisplaced: isDisplaced, location: nil)
                }
            }
            if empty != 0, let free { return free }
            tag |= Self.displaced
            bucket = (bucket &+ 1) & (Self.bucketCount &- 1)
        }
    }

    /// Writes an entry into a free place that `place(of:)` returned.
    @inline(__always)
    mutating func fill(_ place: Place, _ hash: UInt64, _ location: UInt32) {
        let isRemoved = place.tags.assumingMemoryBound(to: UInt32.self)[place.slot] == 1
        let tag = Self.tag(hash) | (place.isDisplaced ? Self.displaced : 0)
        Self.set(place.tags, place.slot, tag: tag, location: location)
        if isRemoved {
            segments.at(place.number).pointee.removed &-= 1
        } else {
            filled[place.number] &+= 1
        }
        count &+= 1
    }

    @inline(__always)
    static func home(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash >> bucketShift) & (bucketCount - 1)
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
        if isLast { filled[number] -= 1 } else { segments.at(number).pointee.removed += 1 }
        count -= 1
        changes &+= 1
        mergeIfSparse(number, rows)
    }

    /// Lets the entry of a hash that has location `old` have `new`.
    mutating func move(_ hash: UInt64, from old: UInt32, to new: UInt32) {
        guard let (tags, slot) = find(hash, old) else {
            preconditionFailure("an entry that is not in the index")
        }
        let tag = tags.assumingMemoryBound(to: UInt32.self)[slot]
        Self.set(tags, slot, tag: tag, location: new)
        changes &+= 1
    }

    private func find(
        _ hash: UInt64, _ location: UInt32
    ) -> (tags: UnsafeMutableRawPointer, slot: Int)? {
        guard segments.count > 0 else { return nil }
        var tag = Self.tag(hash)
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
            tag |= Self.displaced
            bucket = (bucket + 1) & (Self.bucketCount - 1)
        }
        return nil
    }
}
