/// How the numbers of a row are written in a message, and kept in a table.
///
/// Of 16 numbers of a normal distribution, a number is off by this much of itself, on average: float16
/// 0.018 %, bfloat16 0.14 %, int8 2.2 %; and the row by this much of its length: 0.020 %, 0.16 %,
/// 0.46 %. Of int8 a number much smaller than the row's largest may become zero.
package enum NumberFormat: String, Hashable, Sendable, Codable, CaseIterable {
    /// Exact: four bytes a number.
    case float32 = "f32"
    /// IEEE 754 binary16: eleven bits of precision from 6e-5 to 65504, beyond which numbers become
    /// that; evenly spaced by 6e-8 below.
    case float16 = "f16"
    /// The upper half of an f32: eight bits of precision, and an f32's range.
    case bfloat16 = "bf16"
    /// A signed byte a number and an f32 scale for each row, a 127th of its largest number.
    case int8

    /// Bytes of one number where a row's scale is kept apart, as a table does.
    package var valueBytes: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        case .int8: 1
        }
    }

    /// Whether each row has a scale.
    package var hasScale: Bool { self == .int8 }

    /// Bytes of one row of `dimension` numbers.
    package func rowBytes(dimension: Int) -> Int {
        (hasScale ? MemoryLayout<Float>.size : 0) + valueBytes * dimension
    }

    /// Numbers of a row of `rowBytes` bytes; nil when no row has as many.
    package func dimension(rowBytes: Int) -> Int? {
        switch self {
        case .float32: rowBytes % 4 == 0 ? rowBytes / 4 : nil
        case .float16, .bfloat16: rowBytes % 2 == 0 ? rowBytes / 2 : nil
        case .int8: rowBytes > 4 ? rowBytes - 4 : nil
        }
    }
}
