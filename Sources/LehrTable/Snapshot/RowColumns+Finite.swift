import CLehrKernels

extension RowColumns {
    /// The first column with a number that is not finite; nil where there is none.
    var columnNotFinite: String? {
        let floats = [("shows", shows), ("clicks", clicks), ("states", states)]
        if let column = floats.first(where: { !Self.areWithin($0.1, .greatestFiniteMagnitude) }) {
            return column.0
        }
        // A scale is multiplied by numbers up to 128.
        if !Self.areWithin(scales, .greatestFiniteMagnitude / 128) { return "scales" }
        return areWeightsFinite ? nil : "weights"
    }

    private static func areWithin(_ column: [Float], _ limit: Float) -> Bool {
        column.withUnsafeBytes {
            lehr_all_within($0.baseAddress, column.count, limit)
        }
            != 0
    }

    private var areWeightsFinite: Bool {
        switch format.numbers {
        case .float32:
            weights.withUnsafeBytes {
                lehr_all_within($0.baseAddress, weights.count / 4, .greatestFiniteMagnitude) != 0
            }
        case .float16: hasNone(withExponent: 0x7C00)
        case .bfloat16: hasNone(withExponent: 0x7F80)
        case .int8: true
        }
    }

    /// Whether no 16-bit value has all bits of its exponent set, as infinities and NaNs do.
    private func hasNone(withExponent mask: UInt16) -> Bool {
        weights.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 2).allSatisfy {
                bytes.loadUnaligned(fromByteOffset: $0, as: UInt16.self) & mask != mask
            }
        }
    }
}
