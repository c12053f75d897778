import LehrCore

/// How a table's keys lie in requests and rows: one 64-bit word each or two.
///
/// Everything but comparing keys goes by their *folded* key of 64 bits, which is the key itself where
/// it has one word.
struct RowKeys: Sendable {
    let isWide: Bool

    @inline(__always)
    init(_ width: KeyWidth) { isWide = width == .bits128 }

    /// Words of a key in a request.
    @inline(__always)
    var words: Int { isWide ? 2 : 1 }

    /// Bytes of a key in a request.
    @inline(__always)
    var byteCount: Int { isWide ? 16 : 8 }

    /// The folded key of the words at `words`, at any address.
    @inline(__always)
    func folded(_ words: UnsafeRawPointer) -> UInt64 {
        let low = words.loadUnaligned(as: UInt64.self)
        guard isWide else { return low }
        return foldedKey(low, words.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    @inline(__always)
    func folded(row: RowPointer) -> UInt64 {
        let low = row.header.pointee.key
        guard isWide else { return low }
        return foldedKey(low, high(of: row))
    }

    @inline(__always)
    func hash(_ words: UnsafeRawPointer) -> UInt64 { mixed(folded(words)) }

    @inline(__always)
    func hash(row: RowPointer) -> UInt64 { mixed(folded(row: row)) }

    /// Whether the row is that of the key at `words`.
    @inline(__always)
    func matches(_ row: RowPointer, _ words: UnsafeRawPointer) -> Bool {
        guard row.header.pointee.key == words.loadUnaligned(as: UInt64.self) else { return false }
        return !isWide
            || high(of: row) == words.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    }

    func setHigh(of row: RowPointer, _ words: UnsafeRawPointer) {
        guard isWide else { return }
        row.storeBytes(
            of: words.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
            toByteOffset: RowShape.highKeyOffset, as: UInt64.self)
    }

    @inline(__always)
    func high(of row: RowPointer) -> UInt64 {
        row.load(fromByteOffset: RowShape.highKeyOffset, as: UInt64.self)
    }
}
