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
    /// By shape: the chunk that new rows go to, the places free again elsewhere, chunks so far.
    var heads: [Head]

    struct Head {
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
    mutating func list(_ number: Int) {
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
        askForPlaces(chunk, behind: offset)
        return RowAddresses.location(chunk: number, offset: offset)
    }

    /// Asks for the memory of places that are opened soon.
    @inline(__always)
    private func askForPlaces(_ chunk: UnsafeMutablePointer<Chunk>, behind offset: Int) {
        guard let base = chunk.pointee.base else { return }
        let stride = shapes[chunk.pointee.shape].stride
        let end = Swift.min(offset &+ 9 &* stride, chunk.pointee.byteCount)
        for line in Swift.stride(from: end &- stride, to: end, by: 64) {
            lehr_prefetch(base + line)
        }
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
        changes &+= 1
    }
}
