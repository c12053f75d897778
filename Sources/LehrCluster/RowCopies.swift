/// Copies of rows between their order in a request and that of its runs.
///
/// A row is mostly short: a call of `memcpy` would take as long as the copy.
enum RowCopies {
    /// Row `order[i]` of `source` for each `i` of `range`, one behind the other.
    static func gather(
        _ order: [Int32], _ range: Range<Int>, rowBytes: Int, from source: UnsafeRawPointer,
        to target: UnsafeMutableRawPointer
    ) {
        forEach(order, range, rowBytes) { index, place, bytes in
            copy(source + place, to: target + index, bytes)
        }
    }

    /// The inverse: consecutive rows of `source` to row `order[i]` for each `i` of `range`.
    static func scatter(
        _ order: [Int32], _ range: Range<Int>, rowBytes: Int, from source: UnsafeRawPointer,
        to target: UnsafeMutableRawPointer
    ) {
        forEach(order, range, rowBytes) { index, place, bytes in
            copy(source + index, to: target + place, bytes)
        }
    }

    /// Calls `body` with the bytes before each row in the run's order and in the request's, and the
    /// bytes of a row. For a key and a row of 16 floats that is a constant in a loop of its own.
    @inline(__always)
    private static func forEach(
        _ order: [Int32], _ range: Range<Int>, _ rowBytes: Int, _ body: (Int, Int, Int) -> Void
    ) {
        order.withUnsafeBufferPointer { order in
            let order = UnsafeBufferPointer(rebasing: order[range])
            switch rowBytes {
            case 8: for i in 0..<order.count { body(i &* 8, Int(order[i]) &* 8, 8) }
            case 64: for i in 0..<order.count { body(i &* 64, Int(order[i]) &* 64, 64) }
            default:
                for i in 0..<order.count {
                    body(i &* rowBytes, Int(order[i]) &* rowBytes, rowBytes)
                }
            }
        }
    }

    @inline(__always)
    private static func copy(
        _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, _ byteCount: Int
    ) {
        var i = 0
        while i &+ 64 <= byteCount { i = move(SIMD16<Float>.self, source, target, i) }
        while i &+ 8 <= byteCount { i = move(UInt64.self, source, target, i) }
        while i < byteCount { i = move(UInt32.self, source, target, i) }
    }

    @inline(__always)
    private static func move<Part: BitwiseCopyable>(
        _ type: Part.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ i: Int
    ) -> Int {
        target.storeBytes(
            of: source.loadUnaligned(fromByteOffset: i, as: type), toByteOffset: i, as: type)
        return i &+ MemoryLayout<Part>.size
    }
}
