import CLehrKernels
import LehrCore

/// The rows of one partition and the index that finds them by key; knows nothing of optimizers.
///
/// Rows have one of a few shapes, by position in `shapes`; the last is the full one. Nothing here is
/// thread safe. A key is given by the address of its words.
struct RowStore: ~Copyable {
    var limits: PartitionLimits
    let shapes: [RowShape]
    let keys: RowKeys
    let memory: PartitionMemory
    var index: KeyIndex
    var chunks: RowChunks
    /// What the last row that was refused lacked.
    private(set) var lack = Lack.rows
    /// Whether a row was refused its full width since this was last set to false.
    var hasRefusedWidth = false
    /// What rows were before they changed, while a snapshot is taken.
    var snapshot: SnapshotLog
    /// Which rows have changed, while a copy is made.
    var copies: CopyLog

    init(spec: TableSpec, prefixBits: Int, limits: PartitionLimits, pool: BlockPool) {
        let narrow = spec.storage.narrow.map { RowShape(width: $0.width, spec: spec) }
        shapes = [narrow, RowShape(width: spec.dimension, spec: spec)].compactMap { $0 }
        self.limits = limits
        keys = RowKeys(spec.storage.keyWidth)
        memory = PartitionMemory(pool: pool, byteLimit: limits.bytes)
        index = KeyIndex(source: memory, prefixBits: prefixBits, keys: keys)
        chunks = RowChunks(source: memory, shapes: shapes)
        snapshot = SnapshotLog(shapes: shapes)
        copies = CopyLog(keys: keys)
    }

    var rowCount: Int { index.count }
    /// Bytes taken from the core's memory for rows and index.
    var bytesReserved: Int { memory.bytesReserved }
    /// Bytes of rows, and of segments of the index.
    var bytesUsed: Int { chunks.bytesUsed + index.bytesUsed }

    var view: StoreView { StoreView(index: index.view, rows: chunks.addresses, keys: keys) }

    var fullShape: Int { shapes.count - 1 }

    /// What a new row may lack: the number of rows is at its limit, there is no place of its shape, or
    /// none in the index.
    enum Lack {
        case rows, places, index
    }

    /// Counts the changes after which views, and rows found in them, are stale.
    var changes: UInt { index.changes &+ chunks.changes }

    func find(_ words: UnsafeRawPointer) -> RowPointer? { view.find(words, keys.hash(words))?.row }

    /// Asks for what `findOrInsert` reads first of a key with this hash.
    @inline(__always)
    func ask(for hash: UInt64) { lehr_prefetch(index.view.bucket(hash)) }

    /// Asks for `near` bytes of the row that a key with this hash seems to have.
    @inline(__always)
    func askForRow(of hash: UInt64, near: Int) {
        let bucket = index.view.bucket(hash)
        if case .row(let row) = KeyIndex.candidate(bucket, KeyIndex.tag(hash), chunks.addresses) {
            row.prefetch(near)
        }
    }

    func shape(of row: RowPointer) -> RowShape {
        row.header.pointee.flags.contains(.narrow) ? shapes[0] : shapes[fullShape]
    }

    /// The row of a key, or a new one: its header is set, the rest is for the caller to fill.
    ///
    /// Nil when a limit or the system refuses a new row, and then no row or entry has changed.
    @inline(__always)
    mutating func findOrInsert(
        _ words: UnsafeRawPointer, _ hash: UInt64, shape: Int
    ) -> (row: RowPointer, isNew: Bool)? {
        // Five times in six a look at one bucket says that the key is new, and has a place for it.
        guard rowCount < limits.rows, let place = index.emptyPlace(for: hash),
            let location = chunks.takeOpen(shape: shape)
        else { return findOrInsertByLimits(words, hash, shape: shape) }
        index.fill(place, location)
        return (start(location, words, shape: shape), true)
    }

    @inline(never)
    private mutating func findOrInsertByLimits(
        _ words: UnsafeRawPointer, _ hash: UInt64, shape: Int
    ) -> (row: RowPointer, isNew: Bool)? {
        guard rowCount < limits.rows,
            let segment = index.segmentWithRoom(for: hash, rows: chunks.addresses)
        else {
            lack = rowCount < limits.rows ? .index : .rows
            return view.find(words, hash).map { ($0.row, false) }
        }
        let (rows, keys) = (chunks.addresses, keys)
        let place = index.place(of: hash, in: segment) { keys.matches(rows.row($0), words) }
        if place.isTaken { return (rows.row(KeyIndex.location(place.tags, place.slot)), false) }
        guard let location = chunks.take(shape: shape) else {
            lack = .places
            return nil
        }
        index.fill(place, in: segment, location)
        return (start(location, words, shape: shape), true)
    }

    /// Writes the header of a new row.
    @inline(__always)
    private mutating func start(
        _ location: UInt32, _ words: UnsafeRawPointer, shape: Int
    ) -> RowPointer {
        let row = chunks.addresses.row(location)
        row.initializeMemory(
            as: RowHeader.self,
            to: RowHeader(
                key: words.loadUnaligned(as: UInt64.self), show: 0, click: 0, lastSeen: 0, step: 0,
                epoch: snapshot.epoch, flags: shape == fullShape ? .live : [.live, .narrow],
                scale: 0))
        keys.setHigh(of: row, words)
        copies.noteNew(row)
        return row
    }

    /// Whether `willChange` has something to do.
    @inline(__always)
    var isRecording: Bool { snapshot.isActive || copies.isActive }

    /// To be called before a row changes or goes away.
    @inline(__always)
    mutating func willChange(_ row: RowPointer) {
        snapshot.willChange(row)
        copies.willChange(row)
    }

    /// Removes the row of a key; false when there is none.
    mutating func remove(_ words: UnsafeRawPointer) -> Bool {
        let hash = keys.hash(words)
        guard let (row, location) = view.find(words, hash) else { return false }
        remove(row, at: location, hash)
        return true
    }

    mutating func remove(_ row: RowPointer, at location: UInt32, _ hash: UInt64) {
        willChange(row)
        index.remove(hash, location, rows: chunks.addresses)
        chunks.give(location)
    }

    /// Gives a narrow row its full shape: header and weight come along, all else is for the caller to
    /// fill from the old row, which stays readable until the store's next change. Nil at a limit.
    mutating func widen(_ words: UnsafeRawPointer) -> (old: RowPointer, new: RowPointer)? {
        let hash = keys.hash(words)
        guard let (old, location) = view.find(words, hash) else { return nil }
        guard let target = chunks.take(shape: fullShape) else {
            hasRefusedWidth = true
            return nil
        }
        snapshot.willChange(old)
        let new = chunks.addresses.row(target)
        new.copyMemory(from: old, byteCount: shapes[0].weightOffset + shapes[0].weightBytes)
        new.header.pointee.flags.remove(.narrow)
        index.move(hash, from: location, to: target)
        chunks.give(location)
        return (old, new)
    }

    /// Takes one slice of moving rows together and giving memory back: at most `rowLimit` rows.
    /// False when there was nothing to do.
    mutating func compact(rowLimit: Int) -> Bool {
        var hasWorked = false
        if let number = chunks.chunkToEmpty() {
            empty(number, rowLimit: rowLimit)
            hasWorked = true
        }
        // A segment is as much memory as some fifty rows.
        for _ in 0..<Swift.max(1, rowLimit / 64) where index.compact() { hasWorked = true }
        return hasWorked
    }

    private mutating func empty(_ number: Int, rowLimit: Int) {
        let shape = chunks.chunks[number].shape
        let stride = shapes[shape].stride
        for (location, row) in chunks.rowsToMove(of: number, limit: rowLimit) {
            guard let target = chunks.take(shape: shape) else { return chunks.keep(number) }
            snapshot.willChange(row)
            chunks.addresses.row(target).copyMemory(from: row, byteCount: stride)
            index.move(keys.hash(row: row), from: location, to: target)
            chunks.give(location)
        }
        if chunks.chunks[number].live == 0 { chunks.release(number) }
    }
}

/// What finding rows needs of a store; stale once the store's `changes` have gone on.
struct StoreView {
    let index: KeyIndex.View
    let rows: RowAddresses
    let keys: RowKeys

    /// The row of a key with this hash, and its location.
    func find(
        _ words: UnsafeRawPointer, _ hash: UInt64
    ) -> (row: RowPointer, location: UInt32)? {
        var found: (RowPointer, UInt32)?
        index.search(hash) { location in
            let row = rows.row(location)
            guard keys.matches(row, words) else { return false }
            found = (row, location)
            return true
        }
        return found
    }
}
