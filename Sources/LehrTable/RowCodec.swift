import CLehrKernels

/// Writes rows of f32 into a message, and reads them from it, in some `NumberFormat`.
///
/// A message is `total` rows one behind the other; of int8 first all scales, four bytes each, then the
/// bytes of all rows. It may be at any address. A part of it is written or read by itself, so that
/// rows can pass through a buffer smaller than the message.
///
/// Rounding is to nearest, ties to even, and the same on every machine. Numbers that are not finite
/// remain so: of int8 the whole row becomes NaN.
package struct RowCodec: Hashable, Sendable {
    package let format: NumberFormat
    /// Numbers in a row.
    package let dimension: Int

    package init(_ format: NumberFormat, dimension: Int) {
        precondition(dimension > 0, "a row has numbers")
        self.format = format
        self.dimension = dimension
    }

    package func byteCount(rows: Int) -> Int { rows * format.rowBytes(dimension: dimension) }

    /// Rows that fit into a first cache as f32, at least one: what to write or read at a time.
    package var blockCount: Int { max(1, 4096 / dimension) }

    /// Writes `count` rows as those from `first` on of the message's `total`.
    package func encode(
        _ rows: UnsafePointer<Float>, count: Int, at first: Int, of total: Int,
        into message: UnsafeMutableRawBufferPointer
    ) {
        check(count, first, total, byteCount: message.count)
        guard count > 0, let start = message.baseAddress else { return }
        let place = start + first * numberBytes
        switch format {
        case .float32: place.copyMemory(from: rows, byteCount: count * numberBytes)
        case .float16: lehr_f32_to_f16(rows, place, count * dimension)
        case .bfloat16: lehr_f32_to_bf16(rows, place, count * dimension)
        case .int8:
            lehr_f32_to_i8(rows, start + 4 * first, place + 4 * total, dimension, count)
        }
    }

    /// Reads `count` rows, those from `first` on of the message's `total`.
    package func decode(
        _ message: UnsafeRawBufferPointer, at first: Int, of total: Int, count: Int,
        into rows: UnsafeMutablePointer<Float>
    ) {
        check(count, first, total, byteCount: message.count)
        guard count > 0, let start = message.baseAddress else { return }
        let place = start + first * numberBytes
        switch format {
        case .float32:
            UnsafeMutableRawPointer(rows).copyMemory(from: place, byteCount: count * numberBytes)
        case .float16: lehr_f16_to_f32(place, rows, count * dimension)
        case .bfloat16: lehr_bf16_to_f32(place, rows, count * dimension)
        case .int8:
            lehr_i8_to_f32(start + 4 * first, place + 4 * total, rows, dimension, count)
        }
    }

    /// Bytes of a row without its scale.
    private var numberBytes: Int {
        format == .int8 ? dimension : format.rowBytes(dimension: dimension)
    }

    private func check(_ count: Int, _ first: Int, _ total: Int, byteCount: Int) {
        precondition(
            count >= 0 && first >= 0 && first <= total - count, "the message has those rows")
        precondition(byteCount == self.byteCount(rows: total), "the message has a size")
    }
}
