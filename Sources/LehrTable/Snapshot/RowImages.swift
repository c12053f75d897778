/// Rows as they were at one moment, byte for byte, one behind the other.
///
/// Taking them is a copy of memory and nothing more, because it happens on the core between batches;
/// `columns` is for another thread.
package struct RowImages: Sendable {
    /// Large enough to be few, small enough that none is long in the making.
    private static let pieceBytes = 128 << 10

    private let shapes: [RowShape]
    private var pieces: [[UInt8]] = []
    package private(set) var rowCount = 0
    package private(set) var byteCount = 0

    init(shapes: [RowShape]) { self.shapes = shapes }

    package var isEmpty: Bool { rowCount == 0 }

    mutating func append(_ row: RowPointer) {
        let stride = shape(row.header.pointee.flags).stride
        if pieces.isEmpty || pieces[pieces.count - 1].count + stride > Self.pieceBytes {
            pieces.append([])
            pieces[pieces.count - 1].reserveCapacity(Self.pieceBytes)
        }
        pieces[pieces.count - 1].append(
            contentsOf: UnsafeRawBufferPointer(start: row, count: stride))
        rowCount += 1
        byteCount += stride
    }

    private func shape(_ flags: RowFlags) -> RowShape {
        flags.contains(.narrow) ? shapes[0] : shapes[shapes.count - 1]
    }

    /// Calls `body` with each row's header, start and shape, in order.
    func forEach(_ body: (RowHeader, UnsafeRawPointer, RowShape) -> Void) {
        for piece in pieces {
            piece.withUnsafeBytes { bytes in
                var offset = 0
                while offset < bytes.count, let base = bytes.baseAddress {
                    let header = (base + offset).loadUnaligned(as: RowHeader.self)
                    let shape = shape(header.flags)
                    body(header, base + offset, shape)
                    offset += shape.stride
                }
            }
        }
    }
}
