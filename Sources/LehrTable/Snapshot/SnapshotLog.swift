/// What a snapshot in the making needs of the rows that change meanwhile.
///
/// A snapshot has an *epoch*; a row that is in it and was saved, or is not in it because it was made
/// later, carries that epoch. Before anything changes a row that does not, its image goes to the log.
struct SnapshotLog {
    /// Bytes of images that are kept until somebody takes them; beyond, the snapshot is given up.
    static let byteLimit = 64 << 20

    private(set) var epoch: UInt16 = 0
    private(set) var isActive = false
    /// The log was full: the snapshot under way will not be whole.
    private(set) var hasOverflowed = false
    /// Where the walk over all rows goes on; nil at its end.
    var cursor: UInt64?
    private(set) var images: RowImages
    private let shapes: [RowShape]
    /// Snapshots given up since the last whole one: rows may carry as many epochs.
    private(set) var abandoned = 0

    init(shapes: [RowShape]) {
        self.shapes = shapes
        images = RowImages(shapes: shapes)
    }

    mutating func begin() {
        epoch &+= 1
        isActive = true
        hasOverflowed = false
        cursor = 0
    }

    /// Ends the snapshot; what was not taken is dropped.
    mutating func end(isWhole: Bool) {
        isActive = false
        cursor = nil
        abandoned = isWhole ? 0 : abandoned + 1
        images = RowImages(shapes: shapes)
    }

    /// To be called before a row changes or goes away.
    @inline(__always)
    mutating func willChange(_ row: RowPointer) {
        if isActive, row.header.pointee.epoch != epoch { save(row) }
    }

    /// Saves a row as it is, once.
    mutating func save(_ row: RowPointer) {
        row.header.pointee.epoch = epoch
        guard images.byteCount < Self.byteLimit else {
            hasOverflowed = true
            return
        }
        images.append(row)
    }

    mutating func takeImages() -> RowImages {
        let taken = images
        images = RowImages(shapes: shapes)
        return taken
    }
}
