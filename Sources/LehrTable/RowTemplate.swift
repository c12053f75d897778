/// What all new rows of one shape have in common behind their header: a few lines to be copied, which
/// is cheaper than to fill in a row float by float.
struct RowTemplate: ~Copyable {
    private let image: RowPointer
    private let bytes: Range<Int>

    /// - Parameter fill: writes weight and state of the row that it is given.
    init(shape: RowShape, fill: (RowPointer) -> Void) {
        image = .allocate(byteCount: shape.stride, alignment: RowShape.alignment)
        image.initializeMemory(as: UInt8.self, repeating: 0, count: shape.stride)
        bytes = shape.weightOffset..<shape.stride
        fill(image)
    }

    deinit { image.deallocate() }

    /// Writes what belongs to `row` behind its header.
    @inline(__always)
    func copy(to row: RowPointer) {
        var offset = bytes.lowerBound
        while offset &+ 32 <= bytes.upperBound {
            let part = image.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
            row.storeBytes(of: part, toByteOffset: offset, as: SIMD8<Float>.self)
            offset &+= 32
        }
        // Rows are a multiple of 32 bytes, and their keys one of 8.
        while offset < bytes.upperBound {
            let part = image.load(fromByteOffset: offset, as: UInt64.self)
            row.storeBytes(of: part, toByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
    }
}
