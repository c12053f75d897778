/// The memory of a partition's rows: chunks of 64 KiB to 2 MiB, each for rows of one shape.
///
/// Rows never move by themselves, so an address is good until the row is removed or compacted.
struct RowChunks: ~Copyable {
    struct Chunk: BitwiseCopyable {
        /// Nil: the number is free.
        var base: RowPointer?
        var byteCount: Int
        /// Places in the chunk.
        var capacity: Int
        /// Position among the shapes.
        var shape: Int
        /// Places in use or free again; behind them nothing was ever written.
        var opened = 0
        var live = 0
        /// Location of the first place that is free again, `none` if there is none.
        var firstFree = RowChunks.none
        /// Among its shape's chunks with free places.
        var isListed = false
    }

    static let none = UInt32.max

    let source: PartitionMemory
    let shapes: [RowShape]
    private(set) var chunks = PagedArray<Chunk>()
    private var freeNumbers: [Int] = []
    private var table: UnsafeMutablePointer<RowPointer>
    private var tableCapacity = 16
    /// The chunk whose rows are being moved out: it takes no new ones.
    private var leaving: Int?
    /// Before this location it has no rows any more.
    private var leavingCursor: UInt64 = 0
    /// By shape: the chunk that new rows go to, the places free again elsewhere, chunks so far.
    private var heads: [Head]

    private struct Head {
        var chunk = -1
        var chunkCount = 0
        var capacity = 0
        var live = 0
        /// Chunks that have places free again; some may have none left.
        var withFree: [Int] = []
    }

    init(source: PartitionMemory, shapes: [RowShape]) {
        self.source = source
        self.shapes = shapes
        heads = Array(repeating: Head(), count: shapes.count)
        table = .allocate(capacity: tableCapacity)
    }

    deinit {
        for number in chunks.indices {
            if let base = chunks[number].base { source.give(base, chunks[number].byteCount) }
        }
        table.deallocate()
    }

    var addresses: RowAddresses { RowAddresses(chunks: table) }

    var rowCount: Int { heads.reduce(0) { $0 + $1.live } }

    func rowCount(shape: Int) -> Int { heads[shape].live }

    /// Bytes of places that hold rows.
    var bytesUsed: Int {
        zip(heads, shapes).reduce(0) { $0 + $1.0.live * $1.1.stride }
    }

    /// Bytes of the next chunk of a shape.
    func nextChunkBytes(_ shape: Int) -> Int {
        BlockPool.smallestBlock << Swift.min(heads[shape].chunkCount, 5)
    }

    /// A place for a row of a shape, not filled in; nil at a limit.
    mutating func take(shape: Int) -> UInt32? {
        let head = heads[shape].chunk
        if head >= 0, chunks[head].opened < chunks[head].capacity { return open(head) }
        while let number = heads[shape].withFree.last {
            if chunks[number].firstFree != Self.none { return reuse(number) }
            chunks.at(number).pointee.isListed = false
            heads[shape].withFree.removeLast()
        }
        if let number = addChunk(shape: shape) { return open(number) }
        // Better a chunk that stays than a row that is refused.
        if let leaving, chunks[leaving].shape == shape, chunks[leaving].firstFree != Self.none {
            keep(leaving)
            return reuse(leaving)
        }
        return nil
    }

    /// Whether there is a place for a row of a shape; may take a chunk for it.
    mutating func canTake(shape: Int) -> Bool {
        guard let location = take(shape: shape) else { return false }
        give(location)
        return true
    }

    /// Frees a place.
    mutating func give(_ location: UInt32) {
        let number = Int(location >> RowAddresses.offsetBits)
        let header = addresses.row(location).header
        header.pointee.flags = []
        header.pointee.key = UInt64(chunks[number].firstFree)
        chunks.at(number).pointee.firstFree = location
        list(number)
        chunks.at(number).pointee.live -= 1
        heads[chunks[number].shape].live -= 1
    }

    /// Lets a chunk with free places be found, once.
    private mutating func list(_ number: Int) {
        guard !chunks[number].isListed, number != leaving else { return }
        chunks.at(number).pointee.isListed = true
        heads[chunks[number].shape].withFree.append(number)
    }

    @inline(__always)
    private mutating func open(_ number: Int) -> UInt32 {
        let chunk = chunks.at(number)
        let shape = chunk.pointee.shape
        let offset = chunk.pointee.opened &* shapes[shape].stride
        chunk.pointee.opened &+= 1
        chunk.pointee.live &+= 1
        heads[shape].live &+= 1
        return RowAddresses.location(chunk: number, offset: offset)
    }

    private mutating func reuse(_ number: Int) -> UInt32 {
        let chunk = chunks.at(number)
        let location = chunk.pointee.firstFree
        let next = addresses.row(location).header.pointee.key
        chunk.pointee.firstFree = UInt32(truncatingIfNeeded: next)
        chunk.pointee.live += 1
        heads[chunk.pointee.shape].live += 1
        return location
    }

    private mutating func addChunk(shape: Int) -> Int? {
        let byteCount = nextChunkBytes(shape)
        guard !freeNumbers.isEmpty || chunks.count < RowAddresses.chunkLimit,
            let base = source.take(byteCount)
        else { return nil }
        let number = freeNumbers.popLast() ?? chunks.count
        let chunk = Chunk(
            base: base, byteCount: byteCount, capacity: byteCount / shapes[shape].stride,
            shape: shape)
        if number == chunks.count { chunks.append(chunk) } else { chunks[number] = chunk }
        if chunks.count > tableCapacity { growTable() }
        table[number] = base
        heads[shape].chunk = number
        heads[shape].chunkCount += 1
        heads[shape].capacity += chunk.capacity
        return number
    }

    private mutating func growTable() {
        let larger = UnsafeMutablePointer<RowPointer>.allocate(capacity: 2 * tableCapacity)
        larger.update(from: table, count: tableCapacity)
        table.deallocate()
        table = larger
        tableCapacity *= 2
    }
}

// MARK: - Compaction

extension RowChunks {
    /// The chunk to be emptied next, and its shape's rows moved into other chunks' free places; nil
    /// when there is nothing to gain.
    ///
    /// A shape's chunks are emptied, the emptiest first, while a quarter of its places are free and
    /// the others have room for the chunk's rows.
    mutating func chunkToEmpty() -> Int? {
        if let leaving { return leaving }
        for shape in heads.indices {
            let free = freePlaces(shape)
            guard 4 * free > heads[shape].capacity else { continue }
            let candidates = chunks.indices.filter {
                chunks[$0].base != nil && chunks[$0].shape == shape && $0 != heads[shape].chunk
            }
            guard let emptiest = candidates.min(by: { fill($0) < fill($1) }),
                fill(emptiest) < 0.75, free >= chunks[emptiest].capacity
            else { continue }
            leaving = emptiest
            leavingCursor = UInt64(RowAddresses.location(chunk: emptiest, offset: 0))
            unlist(emptiest)
            return emptiest
        }
        return nil
    }

    private mutating func unlist(_ number: Int) {
        guard chunks[number].isListed else { return }
        chunks.at(number).pointee.isListed = false
        heads[chunks[number].shape].withFree.removeAll { $0 == number }
    }

    /// Places of a shape that hold no row.
    func freePlaces(_ shape: Int) -> Int { heads[shape].capacity - heads[shape].live }

    private func fill(_ number: Int) -> Double {
        Double(chunks[number].live) / Double(chunks[number].capacity)
    }

    /// Up to `limit` rows of the chunk to be emptied with their locations; none when few of the places
    /// looked at hold rows, and then there may be more.
    mutating func rowsToMove(of number: Int, limit: Int) -> [(UInt32, RowPointer)] {
        let live = chunks[number].live
        guard live > 0 else { return [] }
        var rows: [(UInt32, RowPointer)] = []
        rows.reserveCapacity(limit)
        let next = visit(
            from: leavingCursor, limit: Swift.min(limit, live), placeLimit: Self.placeLimit
        ) {
            rows.append(($0, $1))
        }
        leavingCursor = next ?? leavingCursor
        return rows
    }

    /// Places looked at in one slice: each is a cache miss.
    private static let placeLimit = 1024

    /// Lets a chunk that was to be emptied take rows again.
    mutating func keep(_ number: Int) {
        leaving = nil
        list(number)
    }

    /// Gives back a chunk without rows.
    mutating func release(_ number: Int) {
        precondition(chunks[number].live == 0, "a chunk with rows stays")
        guard let base = chunks[number].base else { return }
        let shape = chunks[number].shape
        heads[shape].capacity -= chunks[number].capacity
        unlist(number)
        if leaving == number { leaving = nil }
        if heads[shape].chunk == number { heads[shape].chunk = -1 }
        source.give(base, chunks[number].byteCount)
        chunks[number] = Chunk(base: nil, byteCount: 0, capacity: 0, shape: shape)
        freeNumbers.append(number)
    }
}

// MARK: - Order of places

extension RowChunks {
    /// Places that hold a row or held one.
    var openedPlaces: Int { chunks.indices.reduce(0) { $0 + chunks[$1].opened } }

    /// The location of place `index`, of `openedPlaces`, counted through all chunks.
    func location(ofPlace index: Int) -> UInt64 {
        var left = index
        for number in chunks.indices {
            let chunk = chunks[number]
            if left < chunk.opened {
                return UInt64(
                    RowAddresses.location(
                        chunk: number, offset: left * shapes[chunk.shape].stride))
            }
            left -= chunk.opened
        }
        return 0
    }
}

extension RowChunks {
    /// Calls `body` with up to `limit` rows from location `start` on, in the order of their places, and
    /// looks at no more than `placeLimit` places; returns the location to go on from, or nil after
    /// the last row.
    func visit(
        from start: UInt64, limit: Int, placeLimit: Int = .max,
        _ body: (UInt32, RowPointer) -> Void
    ) -> UInt64? {
        var number = Int(clamping: start >> UInt64(RowAddresses.offsetBits))
        let first = Int(start & (1 << UInt64(RowAddresses.offsetBits) - 1)) * RowShape.alignment
        var left = limit
        var places = placeLimit
        while number < chunks.count {
            let chunk = chunks[number]
            let stride = shapes[chunk.shape].stride
            var offset = start >> UInt64(RowAddresses.offsetBits) == UInt64(number) ? first : 0
            // A place given by a stranger may be in the middle of a row.
            offset = (offset + stride - 1) / stride * stride
            while chunk.live > 0, offset < chunk.opened * stride, let base = chunk.base {
                let row = base + offset
                let location = RowAddresses.location(chunk: number, offset: offset)
                guard places > 0 else { return UInt64(location) }
                places -= 1
                if row.header.pointee.flags.contains(.live) {
                    guard left > 0 else { return UInt64(location) }
                    body(location, row)
                    left -= 1
                }
                offset += stride
            }
            number += 1
        }
        return nil
    }
}
