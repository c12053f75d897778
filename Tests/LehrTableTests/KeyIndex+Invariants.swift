import LehrCore

@testable import LehrTable

extension RowStore {
    /// What is wrong with the index: empty when every entry is where a search finds it, every count is
    /// right and the directory names the segments that there are.
    var indexFaults: [String] {
        var faults: [String] = []
        var entries = 0
        for number in index.segments.indices {
            guard let base = index.segments[number].base else { continue }
            entries += index.count(number)
            faults += segmentFaults(number, base)
        }
        if entries != index.count { faults.append("\(index.count) entries, not \(entries)") }
        if rowCount != chunks.rowCount { faults.append("\(chunks.rowCount) rows") }
        return faults + directoryFaults
    }

    private var directoryFaults: [String] {
        guard index.segments.count > 0 else { return [] }
        return (0..<1 << index.directory.depth).compactMap { place in
            let entry = SegmentEntry(value: index.directory.entry(pattern: UInt(place)))
            let segment = index.segments[entry.number]
            let mask = UInt32(1) << UInt32(segment.depth) - 1
            let isRight =
                segment.base == entry.base && UInt32(place) & mask == segment.pattern
                && Int(segment.depth) <= index.directory.depth
            return isRight ? nil : "directory entry \(place)"
        }
    }

    private func segmentFaults(_ number: Int, _ base: UnsafeMutableRawPointer) -> [String] {
        var faults: [String] = []
        var (filled, removed) = (0, 0)
        for bucket in 0..<KeyIndex.bucketCount {
            let tags = base + bucket * KeyIndex.bucketBytes
            let words = tags.assumingMemoryBound(to: UInt32.self)
            let hasRoom = (0..<8).contains { words[$0] == 0 }
            for slot in 0..<8 where words[slot] != 0 {
                filled += 1
                if words[slot] == 1 {
                    removed += 1
                    if hasRoom { faults.append("a removed entry beside an empty place") }
                } else if let fault = entryFault(number, base, bucket, words[slot], words[8 + slot])
                {
                    faults.append("segment \(number), bucket \(bucket), slot \(slot): \(fault)")
                }
            }
        }
        if filled != Int(index.filled[number]) { faults.append("\(number): filled \(filled)") }
        if removed != Int(index.segments[number].removed) {
            faults.append("\(number): removed \(removed)")
        }
        if filled > KeyIndex.fullCount { faults.append("\(number): a search does not end") }
        return faults
    }

    private func entryFault(
        _ number: Int, _ base: UnsafeMutableRawPointer, _ bucket: Int, _ tag: UInt32,
        _ location: UInt32
    ) -> String? {
        let row = chunks.addresses.row(location)
        guard row.header.pointee.flags.contains(.live) else { return "no row" }
        let hash = keys.hash(row: row)
        guard SegmentEntry(value: index.view.entry(hash)).number == number else {
            return "another segment's"
        }
        let home = KeyIndex.home(hash)
        let expected = KeyIndex.tag(hash) | (home == bucket ? 0 : KeyIndex.displaced)
        guard tag == expected else { return "tag \(tag), not \(expected)" }
        var passed = home
        while passed != bucket {
            let words = (base + passed * KeyIndex.bucketBytes).assumingMemoryBound(to: UInt32.self)
            if (0..<8).contains(where: { words[$0] == 0 }) { return "behind an empty place" }
            passed = (passed + 1) % KeyIndex.bucketCount
        }
        return nil
    }
}
