import CLehrKernels
import LehrCore

/// The rows of one partition and the index that finds them by key; knows nothing of optimizers.
///
/// The index is open addressing with linear probing over a power of two of 8-byte slots, at most
/// three quarters full. A slot is `tag << 32 | location + 1`, 0 when empty; the tag is the low half
/// of the mixed key, and its top bits are the home slot. Partitions are cut by the *top* 16 bits of
/// the mixed key, so the two never share a bit, and a doubled index keeps the order of its slots.
///
/// A row's location is `chunk << 15 | position in chunk`. Chunks never move, so the address of a row
/// is good for as long as the store lives. Nothing here is thread safe.
struct RowStore: ~Copyable {
    static let firstChunkBytes = 64 << 10
    static let largestChunkBytes = 2 << 20
    /// 4 KiB: one page.
    static let firstSlotCount = 512
    /// Rows of 64 bytes, the shortest, in a chunk of 2 MiB: 2^15.
    static let positionBits: UInt32 = 15
    static let chunkLimit = 1 << 17

    let layout: RowLayout
    let limits: PartitionLimits
    private(set) var rowCount = 0
    /// Bytes taken from the system for chunks and index.
    private(set) var bytesReserved = 0

    private var chunks: [MemoryRegion] = []
    /// Rows in use in the last chunk.
    private var lastChunkCount = 0
    private var index: MemoryRegion?
    private var slots: UnsafeMutablePointer<UInt64>?
    /// `32 - log2(slot count)`
    private var shift: UInt32 = 32
    private var slotMask = -1

    init(layout: RowLayout, limits: PartitionLimits) {
        self.layout = layout
        self.limits = limits
    }

    deinit {
        for chunk in chunks { chunk.release() }
        index?.release()
    }

    var slotCount: Int { slotMask + 1 }
    var chunkCount: Int { chunks.count }

    /// Bytes of rows and slots that hold something.
    var bytesUsed: Int { rowCount * (layout.stride + MemoryLayout<UInt64>.size) }

    @inline(__always)
    static func tag(_ key: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: mixed(key)) }

    @inline(__always)
    private func row(at location: UInt32) -> UnsafeMutableRawPointer {
        let position = Int(location & (1 << Self.positionBits - 1))
        return chunks[Int(location >> Self.positionBits)].base + position * layout.stride
    }

    /// Rows in a chunk of `byteCount` bytes.
    private func capacity(_ byteCount: Int) -> Int { byteCount / layout.stride }
}

// MARK: - Lookup

extension RowStore {
    /// The row of `key`, or nil.
    func find(_ key: UInt64) -> UnsafeMutableRawPointer? {
        guard let slots else { return nil }
        let tag = Self.tag(key)
        var position = Int(tag >> shift)
        while true {
            let slot = slots[position]
            guard slot != 0 else { return nil }
            if UInt32(truncatingIfNeeded: slot >> 32) == tag {
                let row = row(at: UInt32(truncatingIfNeeded: slot) &- 1)
                if RowLayout.header(of: row).pointee.key == key { return row }
            }
            position = (position + 1) & slotMask
        }
    }

    /// Finds a whole block: writes the row of `keys[i]`, or nil, to `rows[i]`.
    ///
    /// Three passes, so that the cache misses of a block overlap: home slots are prefetched, then
    /// `byteCount` bytes of the row behind the first slot with the right tag, and only then is a row
    /// looked at.
    func locate(
        _ keys: PackedElements<UInt64>, touching byteCount: Int,
        into rows: UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>
    ) {
        guard let slots else {
            for i in keys.indices { rows.initializeElement(at: i, to: nil) }
            return
        }
        for key in keys { lehr_prefetch(slots + Int(Self.tag(key) >> shift)) }
        // The processor's own prefetcher brings the rest of a longer row.
        let near = Swift.min(byteCount, 16 * RowLayout.cacheLine)
        for i in keys.indices {
            let tag = Self.tag(keys[i])
            var position = Int(tag >> shift)
            var slot = slots[position]
            while slot != 0, UInt32(truncatingIfNeeded: slot >> 32) != tag {
                position = (position + 1) & slotMask
                slot = slots[position]
            }
            let candidate = slot == 0 ? nil : row(at: UInt32(truncatingIfNeeded: slot) &- 1)
            rows.initializeElement(at: i, to: candidate)
            guard let candidate else { continue }
            var offset = 0
            while offset < near {
                lehr_prefetch(candidate + offset)
                offset += RowLayout.cacheLine
            }
        }
        for i in keys.indices {
            guard let row = rows[i] else { continue }
            if RowLayout.header(of: row).pointee.key != keys[i] { rows[i] = find(keys[i]) }
        }
    }
}

// MARK: - Growth

extension RowStore {
    /// A new row for `key`, which must not have one: its header is set, the rest is for the caller
    /// to fill. Nil when a limit or the system refuses, and then nothing has changed.
    mutating func insert(_ key: UInt64) -> UnsafeMutableRawPointer? {
        guard rowCount < limits.rows, reserveSlot(), reservePosition() else { return nil }
        let chunk = UInt32(chunks.count - 1)
        let location = chunk << Self.positionBits | UInt32(lastChunkCount)
        let row = row(at: location)
        row.initializeMemory(
            as: RowHeader.self,
            to: RowHeader(key: key, show: 0, click: 0, lastSeen: 0, step: 0))
        lastChunkCount += 1
        rowCount += 1
        place(UInt64(Self.tag(key)) << 32 | UInt64(location + 1))
        return row
    }

    /// Writes a slot into the first empty place from its home on.
    private func place(_ slot: UInt64) {
        guard let slots else { return }
        var position = Int(UInt32(truncatingIfNeeded: slot >> 32) >> shift)
        while slots[position] != 0 { position = (position + 1) & slotMask }
        slots[position] = slot
    }

    /// Makes room for one more slot, doubling the index when it would be over three quarters full.
    private mutating func reserveSlot() -> Bool {
        guard 4 * (rowCount + 1) > 3 * slotCount else { return true }
        let count = Swift.max(2 * slotCount, Self.firstSlotCount)
        // Old and new index exist together for a moment, and both count.
        guard let region = reserve(count * MemoryLayout<UInt64>.stride) else { return false }
        let old = UnsafeBufferPointer(start: slots, count: slotCount)
        let retired = index
        index = region
        slots = region.base.bindMemory(to: UInt64.self, capacity: count)
        slotMask = count - 1
        shift = UInt32(32 - count.trailingZeroBitCount)
        for slot in old where slot != 0 { place(slot) }
        if let retired {
            bytesReserved -= retired.byteCount
            retired.release()
        }
        return true
    }

    /// Makes room for one more row: chunks double from 64 KiB to 2 MiB.
    private mutating func reservePosition() -> Bool {
        if let last = chunks.last, lastChunkCount < capacity(last.byteCount) { return true }
        guard chunks.count < Self.chunkLimit - 1 else { return false }
        let doublings = Swift.min(chunks.count, 5)
        let bytes = Swift.min(Self.firstChunkBytes << doublings, Self.largestChunkBytes)
        guard let chunk = reserve(bytes) else { return false }
        chunks.append(chunk)
        lastChunkCount = 0
        return true
    }

    private mutating func reserve(_ byteCount: Int) -> MemoryRegion? {
        guard byteCount <= limits.bytes - bytesReserved,
            let region = MemoryRegion.reserve(byteCount: byteCount)
        else { return nil }
        bytesReserved += byteCount
        return region
    }
}

// MARK: - Order of creation

extension RowStore {
    /// Calls `body` with up to `limit` rows from location `start` on, in the order of their creation;
    /// returns the location to go on from, or nil after the last row.
    func visit(
        from start: UInt64, limit: Int, _ body: (UnsafeMutableRawPointer) -> Void
    ) -> UInt64? {
        var chunk = Int(clamping: start >> UInt64(Self.positionBits))
        var position = Int(start & (1 << UInt64(Self.positionBits) - 1))
        var left = limit
        while chunk < chunks.count {
            let isLast = chunk == chunks.count - 1
            let end = isLast ? lastChunkCount : capacity(chunks[chunk].byteCount)
            while position < end {
                guard left > 0 else {
                    return UInt64(chunk) << UInt64(Self.positionBits) | UInt64(position)
                }
                body(chunks[chunk].base + position * layout.stride)
                position += 1
                left -= 1
            }
            chunk += 1
            position = 0
        }
        return nil
    }
}
