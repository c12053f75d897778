/// Where an index's segments lie: in blocks of its own, which grow from 64 KiB to 2 MiB.
struct SegmentMemory: ~Copyable {
    private struct Block {
        let base: UnsafeMutableRawPointer
        let byteCount: Int
        /// By place: the number of the segment there, or -1.
        var owners: [Int32]
        var used = 0
    }

    private var blocks: [Block] = []
    private var free: [UnsafeMutableRawPointer] = []
    private var bytesReserved = 0

    var blockCount: Int { blocks.count }

    var bytesUsed: Int { bytesReserved - free.count * KeyIndex.segmentBytes }

    /// A place for the segment of this number, whose bytes are anything; nil at a limit.
    mutating func take(for number: Int, from source: PartitionMemory) -> UnsafeMutableRawPointer? {
        if free.isEmpty, !addBlock(from: source) { return nil }
        guard let base = free.popLast() else { return nil }
        own(base, Int32(number))
        return base
    }

    mutating func give(_ base: UnsafeMutableRawPointer) {
        own(base, -1)
        free.append(base)
    }

    func release(to source: PartitionMemory) {
        for block in blocks { source.give(block.base, block.byteCount) }
    }

    /// The segment to be moved next, so that the last block can be given back, if there are free places
    /// for that block and half a block more; gives the block back when it is empty. Nil when there
    /// is nothing to move.
    mutating func segmentToMove(source: PartitionMemory) -> Int? {
        guard let last = blocks.last, blocks.count > 1 else { return nil }
        let places = last.owners.count
        guard free.count >= places + Swift.max(1, places / 2) else { return nil }
        if let owner = last.owners.first(where: { $0 >= 0 }) { return Int(owner) }
        removeLastBlock(source)
        return nil
    }

    /// A place outside of the last block, to move a segment to.
    mutating func takeElsewhere(for number: Int) -> UnsafeMutableRawPointer? {
        guard let last = blocks.last,
            let position = free.firstIndex(where: { !Self.contains(last, $0) })
        else { return nil }
        free.swapAt(position, free.count - 1)
        let base = free.removeLast()
        own(base, Int32(number))
        return base
    }

    private mutating func removeLastBlock(_ source: PartitionMemory) {
        let last = blocks.removeLast()
        free.removeAll { Self.contains(last, $0) }
        bytesReserved -= last.byteCount
        source.give(last.base, last.byteCount)
    }

    private mutating func addBlock(from source: PartitionMemory) -> Bool {
        let byteCount = Swift.min(
            BlockPool.smallestBlock << Swift.min(blocks.count, 5), BlockPool.page)
        guard let base = source.take(byteCount) else { return false }
        let places = byteCount / KeyIndex.segmentBytes
        blocks.append(
            Block(base: base, byteCount: byteCount, owners: Array(repeating: -1, count: places)))
        bytesReserved += byteCount
        for place in (0..<places).reversed() { free.append(base + place * KeyIndex.segmentBytes) }
        return true
    }

    private mutating func own(_ base: UnsafeMutableRawPointer, _ owner: Int32) {
        guard let index = blocks.lastIndex(where: { Self.contains($0, base) }) else {
            preconditionFailure("a segment of another index")
        }
        let place = (base - blocks[index].base) / KeyIndex.segmentBytes
        blocks[index].used += owner < 0 ? -1 : 1
        blocks[index].owners[place] = owner
    }

    private static func contains(_ block: Block, _ base: UnsafeMutableRawPointer) -> Bool {
        base >= block.base && base < block.base + block.byteCount
    }
}
