import CLehrKernels
import LehrCore

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
    static func write(
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
