import CLehrKernels

/// Reads and writes the values of rows as f32, whatever they are stored as.
struct RowValues: Sendable {
    let numbers: NumberFormat
    /// Values of a full row.
    let dimension: Int
    let weightOffset: Int

    private static let scaleOffset = MemoryLayout<RowHeader>.offset(of: \.scale) ?? 0

    /// Writes the values of each row to its `width` floats of `values`; those of nil rows stay.
    func widen(
        _ rows: UnsafeBufferPointer<RowPointer?>, width: Int,
        into values: UnsafeMutablePointer<Float>
    ) {
        guard let start = rows.baseAddress else { return }
        let count = rows.count
        start.withMemoryRebound(to: UnsafeRawPointer?.self, capacity: count) { rows in
            switch numbers {
            case .float32:
                for i in 0..<count {
                    guard let row = rows[i] else { continue }
                    UnsafeMutableRawPointer(values + i * width).copyMemory(
                        from: row + weightOffset, byteCount: 4 * width)
                }
            case .float16: lehr_rows_f16_to_f32(rows, weightOffset, width, count, values)
            case .bfloat16: lehr_rows_bf16_to_f32(rows, weightOffset, width, count, values)
            case .int8:
                lehr_rows_i8_to_f32(rows, Self.scaleOffset, weightOffset, width, count, values)
            }
        }
    }

    /// Stores `width` floats of `values` in each row; nil rows are passed over.
    func narrow(
        _ values: UnsafePointer<Float>, width: Int, into rows: UnsafeBufferPointer<RowPointer?>
    ) {
        guard let start = rows.baseAddress else { return }
        switch numbers {
        case .float32:
            for i in rows.indices {
                guard let row = rows[i] else { continue }
                (row + weightOffset).copyMemory(from: values + i * width, byteCount: 4 * width)
            }
        case .float16: lehr_rows_f32_to_f16(start, weightOffset, width, rows.count, values)
        case .bfloat16: lehr_rows_f32_to_bf16(start, weightOffset, width, rows.count, values)
        case .int8:
            lehr_rows_f32_to_i8(start, Self.scaleOffset, weightOffset, width, rows.count, values)
        }
    }

    /// Writes all `dimension` values of one row of `width` to `values`, zero where it has none.
    func read(_ row: RowPointer, width: Int, into values: UnsafeMutablePointer<Float>) {
        var one: RowPointer? = row
        withUnsafePointer(to: &one) {
            widen(UnsafeBufferPointer(start: $0, count: 1), width: width, into: values)
        }
        for i in width..<dimension { values[i] = 0 }
    }

    /// Stores `width` values in one row.
    func write(_ values: UnsafePointer<Float>, width: Int, into row: RowPointer) {
        var one: RowPointer? = row
        withUnsafePointer(to: &one) {
            narrow(values, width: width, into: UnsafeBufferPointer(start: $0, count: 1))
        }
    }
}
