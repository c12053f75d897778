/// The type of a tensor's elements, named as safetensors does; all are little-endian.
package enum ElementType: String, Sendable, Codable, CaseIterable {
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case u64 = "U64"
    case i64 = "I64"
    case u32 = "U32"
    case i32 = "I32"
    case u16 = "U16"
    case u8 = "U8"
    case i8 = "I8"

    /// Bytes of one element, and its alignment.
    package var byteCount: Int {
        switch self {
        case .u64, .i64: 8
        case .f32, .u32, .i32: 4
        case .f16, .bf16, .u16: 2
        case .u8, .i8: 1
        }
    }
}

/// Name, type and shape of a tensor.
package struct TensorInfo: Sendable, Equatable, Codable {
    package var name: String
    package var type: ElementType
    /// Row-major; empty for a scalar.
    package var shape: [Int]

    package init(name: String, type: ElementType, shape: [Int]) {
        self.name = name
        self.type = type
        self.shape = shape
    }

    /// Bytes of the whole tensor; nil when a dimension is negative or the product overflows.
    package var byteCount: Int? {
        var total = type.byteCount
        for size in shape {
            guard size >= 0 else { return nil }
            let (product, overflow) = total.multipliedReportingOverflow(by: size)
            guard !overflow else { return nil }
            total = product
        }
        return total
    }

    var shapeText: String { "\(type.rawValue) \(shape)" }
}
