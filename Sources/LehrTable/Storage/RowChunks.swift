import CLehrKernels

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
    var freeNumbers: [Int] = []
    private var table: UnsafeMutablePointer<RowPointer>
    private var tableCapacity = 16
    /// Counts the changes that make `addresses` stale.
    private(set) var changes: UInt = 0
    /// The chunk whose rows are being moved out: it takes no new ones.
    var leaving: Int?
    /// Before this location it has no rows any more.
    var leavingCursor: UInt64 = 0
    /// By shape: chunks so far, and the places free again in them.
    var heads: [Head]
    /// By shape: where new rows go.
    let openings: UnsafeMutablePointer<Opening>

    struct Head {
        var chunkCount = 0
        var capacity = 0
        /// Chunks that have places free again; some may have none left.
        var withFree: [Int] = []
    }

    /// What a new row changes, near each other.
    struct Opening {
        let stride: Int
        /// Rows of the shape.
        var live = 0
        var number = -1
        var chunk: UnsafeMutablePointer<Chunk>?
    }

    init(source: PartitionMemory, shapes: [RowShape]) {
        self.source = source
        self.shapes = shapes
        heads = Array(repeating: Head(), count: shapes.count)
        openings = .allocate(capacity: shapes.count)
        for (i, shape) in shapes.enumerated() {
            (openings + i).initialize(to: Opening(stride: shape.stride))
        }
        table = .allocate(capacity: tableCapacity)
    }

    deinit {
        for number in chunks.indices {
            if let base = chunks[number].base { source.give(base, chunks[number].byteCount) }
        }
        table.deallocate()
        openings.deallocate()
    }

    var addresses: RowAddresses { RowAddresses(chunks: table) }

    var rowCount: Int { shapes.indices.reduce(0) { $0 + openings[$1].live } }

    func rowCount(shape: Int) -> Int { openings[shape].live }

    /// Bytes of places that hold rows.
    var bytesUsed: Int {
        shapes.indices.reduce(0) { $0 + openings[$1].live * openings[$1].stride }
    }

    /// Bytes of the next chunk of a shape.
    func nextChunkBytes(_ shape: Int) -> Int {
        BlockPool.smallestBlock << Swift.min(heads[shape].chunkCount, 5)
    }

    /// A place for a row of a shape, not filled in; nil at a limit.
    @inline(__always)
    mutating func take(shape: Int) -> UInt32? {
        takeOpen(shape: shape) ?? takeElsewhere(shape)
    }

    /// As above, in the chunk that new rows go to; nil where it is full, or there is none.
    @inline(__always)
    func takeOpen(shape: Int) -> UInt32? {
        let opening = openings + shape
        guard let chunk = opening.pointee.chunk, chunk.pointee.opened < chunk.pointee.capacity
        else { return nil }
        return open(opening, chunk)
    }

    @inline(never)
    private mutating func takeElsewhere(_ shape: Int) -> UInt32? {
        while let number = heads[shape].withFree.last {
            if chunks[number].firstFree != Self.none { return reuse(number) }
            chunks.at(number).pointee.isListed = false
            heads[shape].withFree.removeLast()
        }
        if addChunk(shape: shape) { return take(shape: shape) }
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
        openings[chunks[number].shape].live -= 1
    }

    /// Lets a chunk with free places be found, once.
    mutating func list(_ number: Int) {
        guard !chunks[number].isListed, number != leaving else { return }
        chunks.at(number).pointee.isListed = true
        heads[chunks[number].shape].withFree.append(number)
    }

    @inline(__always)
    private func open(
        _ opening: UnsafeMutablePointer<Opening>, _ chunk: UnsafeMutablePointer<Chunk>
    ) -> UInt32 {
        let stride = opening.pointee.stride
        let offset = chunk.pointee.opened &* stride
        chunk.pointee.opened &+= 1
        chunk.pointee.live &+= 1
        opening.pointee.live &+= 1
        // The memory of a place that is opened soon.
        if let base = chunk.pointee.base {
            let ahead = Swift.min(offset &+ 8 &* stride, chunk.pointee.byteCount &- stride)
            var line = 0
            while line < stride {
                lehr_prefetch(base + ahead + line)
                line &+= 64
            }
        }
        return RowAddresses.location(chunk: opening.pointee.number, offset: offset)
    }

    private mutating func reuse(_ number: Int) -> UInt32 {
        let chunk = chunks.at(number)
        let location = chunk.pointee.firstFree
        let next = addresses.row(location).header.pointee.key
        chunk.pointee.firstFree = UInt32(truncatingIfNeeded: next)
        chunk.pointee.live += 1
        openings[chunk.pointee.shape].live += 1
        return location
    }

    private mutating func addChunk(shape: Int) -> Bool {
        let byteCount = nextChunkBytes(shape)
        guard !freeNumbers.isEmpty || chunks.count < RowAddresses.chunkLimit,
            let base = source.take(byteCount)
        else { return false }
        let number = freeNumbers.popLast() ?? chunks.count
        let chunk = Chunk(
            base: base, byteCount: byteCount, capacity: byteCount / shapes[shape].stride,
            shape: shape)
        if number == chunks.count { chunks.append(chunk) } else { chunks[number] = chunk }
        if chunks.count > tableCapacity { growTable() }
        table[number] = base
        openings[shape].number = number
        openings[shape].chunk = chunks.at(number)
        heads[shape].chunkCount += 1
        heads[shape].capacity += chunk.capacity
        return true
    }

    private mutating func growTable() {
        let larger = UnsafeMutablePointer<RowPointer>.allocate(capacity: 2 * tableCapacity)
        larger.update(from: table, count: tableCapacity)
        table.deallocate()
        table = larger
        tableCapacity *= 2
        changes &+= 1
    }
}
