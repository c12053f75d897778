import CLehrKernels
import LehrCore

extension KeyIndex {
    mutating func addFirstSegment() -> Bool {
        guard let base = memory.take(for: nextNumber, from: source) else { return false }
        let directoryBytes = directory.growth
        // Without a segment there must be no directory to look one up in.
        guard source.count(directoryBytes) else {
            memory.give(base)
            return false
        }
        guard directory.open() else {
            source.discount(directoryBytes)
            memory.give(base)
            return false
        }
        base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.segmentBytes)
        add(Segment(base: base, pattern: 0, depth: 0))
        return true
    }

    private var nextNumber: Int { freeNumbers.last ?? segments.count }

    /// Numbers a segment and enters it into the directory.
    private mutating func add(_ segment: Segment) {
        let number = freeNumbers.popLast() ?? segments.count
        if number == segments.count {
            segments.append(segment)
            filled.append(0)
        } else {
            segments[number] = segment
            filled[number] = 0
        }
        enter(number)
    }

    private mutating func enter(_ number: Int) {
        let segment = segments[number]
        guard let base = segment.base else { return }
        changes &+= 1
        directory.set(
            SegmentEntry(base: base, number: number), pattern: UInt(segment.pattern),
            depth: Int(segment.depth))
    }

    /// Cuts a segment in two by its next directory bit. False at a limit.
    ///
    /// The directory may have 64 entries a segment, far more than keys at random ask for: so many
    /// keys made to agree in their hash's lower half cannot make it large.
    mutating func split(_ number: Int, _ rows: RowAddresses) -> Bool {
        let depth = Int(segments[number].depth)
        if depth == directory.depth {
            guard depth < 6 + Self.bits(segmentCount), depth < directory.bitLimit,
                source.count(directory.growth)
            else { return false }
            directory.double()
        }
        guard let base = memory.take(for: nextNumber, from: source) else { return false }
        segments.at(number).pointee.depth += 1
        let pattern = segments[number].pattern | 1 << UInt32(depth)
        add(Segment(base: base, pattern: pattern, depth: UInt8(depth + 1)))
        enter(number)
        let other = SegmentEntry(value: directory.entry(pattern: UInt(pattern))).number
        divide(number, other, byBit: UInt32(depth), rows)
        directory.prepareSome()
        return true
    }

    /// Writes those entries of a segment into another, whose bytes are anything, whose hash has a bit.
    private mutating func divide(
        _ number: Int, _ other: Int, byBit bit: UInt32, _ rows: RowAddresses
    ) {
        guard let base = segments[number].base, let otherBase = segments[other].base else { return }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.slotCount) { locations in
            guard let displaced = locations.baseAddress else { return }
            let result = lehr_buckets_divide(base, otherBase, Self.bucketCount, bit, displaced)
            segments.at(number).pointee.removed = 0
            filled[number] = UInt16(result.stayed)
            filled[other] = UInt16(result.went)
            // These are few, and their home may have a place now.
            let homeless = UnsafeBufferPointer(
                start: displaced, count: Int(result.displaced))
            rewrite(homeless, rows) { $0 >> UInt64(bit) & 1 == 0 ? number : other }
        }
    }

    private static func bits(_ count: Int) -> Int { Int.bitWidth - count.leadingZeroBitCount }

    /// Writes a segment anew without what was removed from it.
    mutating func rebuild(_ number: Int, _ rows: RowAddresses) {
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
                total += drain(number, into: locations + total)
            }
            rewrite(UnsafeBufferPointer(start: locations, count: total), rows, target)
        }
    }

    /// Writes entries anew into the segments that `target` names, which have no removed ones.
    private mutating func rewrite(
        _ locations: UnsafeBufferPointer<UInt32>, _ rows: RowAddresses, _ target: (UInt64) -> Int
    ) {
        changes &+= 1
        let (ahead, total) = (16, locations.count)
        for i in 0..<Swift.min(ahead, total) { lehr_prefetch(rows.row(locations[i])) }
        for i in 0..<total {
            if i + ahead < total { lehr_prefetch(rows.row(locations[i + ahead])) }
            let hash = keys.hash(row: rows.row(locations[i]))
            let number = target(hash)
            guard let base = segments[number].base else { continue }
            Self.write(hash, locations[i], in: base)
            filled.at(number).pointee &+= 1
        }
    }

    /// Writes an entry into the first empty place from its home on.
    private static func write(_ hash: UInt64, _ location: UInt32, in base: UnsafeMutableRawPointer)
    {
        var tag = tag(hash)
        var tags = base + home(hash) &* bucketBytes
        while true {
            let empty = lehr_tags_equal(tags, 0)
            if empty != 0 {
                return set(tags, empty.trailingZeroBitCount, tag: tag, location: location)
            }
            goOn(&tags, &tag)
        }
    }

    /// Takes all entries out of a segment; returns how many.
    private mutating func drain(
        _ number: Int, into locations: UnsafeMutablePointer<UInt32>
    ) -> Int {
        guard let base = segments[number].base else { return 0 }
        var total = 0
        for bucket in 0..<Self.bucketCount {
            let tags = base + bucket * Self.bucketBytes
            for slot in 0..<Self.slotsPerBucket
            where tags.assumingMemoryBound(to: UInt32.self)[slot] > 1 {
                locations[total] = Self.location(tags, slot)
                total += 1
            }
        }
        base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.segmentBytes)
        filled[number] = 0
        segments.at(number).pointee.removed = 0
        return total
    }

    /// Makes one segment of two siblings that have become small.
    mutating func mergeIfSparse(_ number: Int, _ rows: RowAddresses) {
        let segment = segments[number]
        guard segment.depth > 0, count(number) <= Self.mergeCount / 2 else { return }
        let bit = UInt32(1) << UInt32(segment.depth - 1)
        let sibling = SegmentEntry(value: directory.entry(pattern: UInt(segment.pattern ^ bit)))
            .number
        guard segments[sibling].depth == segment.depth,
            count(sibling) + count(number) <= Self.mergeCount
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
