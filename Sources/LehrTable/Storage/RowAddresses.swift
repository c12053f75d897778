/// Where the row of a location is: `chunk << 16 | offset in the chunk / 32`, whatever its shape.
///
/// A view of a partition's table of chunks; stale once a chunk was added.
struct RowAddresses {
    static let offsetBits: UInt32 = 16
    /// Chunks that a location can tell apart: 128 GiB of rows in chunks of 2 MiB.
    static let chunkLimit = 1 << 16

    let chunks: UnsafeMutablePointer<RowPointer>

    /// Of no rows.
    nonisolated(unsafe) static let none = RowAddresses(chunks: .allocate(capacity: 1))

    @inline(__always)
    func row(_ location: UInt32) -> RowPointer {
        let offset = Int(location & (1 << Self.offsetBits - 1)) &* RowShape.alignment
        return chunks[Int(location >> Self.offsetBits)] + offset
    }

    @inline(__always)
    static func location(chunk: Int, offset: Int) -> UInt32 {
        let unit = UInt(bitPattern: offset) / UInt(RowShape.alignment)
        return UInt32(truncatingIfNeeded: chunk) &<< offsetBits | UInt32(truncatingIfNeeded: unit)
    }
}
