/// What a copy in the making needs of the rows that change meanwhile: the keys that are to be sent again.
///
/// A row that was sent carries the flag `sent` until it changes; its key is noted then, and not again before
/// it is sent again. Of a row without the flag the key is noted already, or the copy has yet to come to it. A
/// flag that an earlier copy has left only has a key noted for nothing.
struct CopyLog {
    /// Keys kept; with one more the copy is in vain, and has to begin anew.
    static let countMax = 4 << 20

    private let keys: RowKeys
    private(set) var isActive = false
    private(set) var hasOverflowed = false
    /// Of the keys noted, in any order; some may come twice.
    private var words: [UInt64] = []

    init(keys: RowKeys) { self.keys = keys }

    var count: Int { words.count / keys.words }

    mutating func begin() {
        self = CopyLog(keys: keys)
        isActive = true
    }

    mutating func end() { self = CopyLog(keys: keys) }

    /// To be called before a row changes or goes away.
    @inline(__always)
    mutating func willChange(_ row: RowPointer) {
        if isActive, row.header.pointee.flags.contains(.sent) { note(row) }
    }

    /// To be called with a row that is new: it may be at a place that the copy has passed.
    @inline(__always)
    mutating func noteNew(_ row: RowPointer) {
        if isActive { note(row) }
    }

    @inline(never)
    private mutating func note(_ row: RowPointer) {
        row.header.pointee.flags.remove(.sent)
        guard count < Self.countMax else {
            hasOverflowed = true
            words = []
            return
        }
        guard !hasOverflowed else { return }
        words.append(row.header.pointee.key)
        if keys.isWide { words.append(keys.high(of: row)) }
    }

    /// The words of the keys noted, which are forgotten.
    mutating func takeWords() -> [UInt64] {
        defer { words = [] }
        return words
    }
}
