package import LehrTable

extension NumberFormat {
    /// nil: a number that stands for none.
    package init?(wire: UInt32) {
        switch wire {
        case 0: self = .float32
        case 1: self = .float16
        case 2: self = .bfloat16
        case 3: self = .int8
        default: return nil
        }
    }

    package var wire: UInt32 {
        switch self {
        case .float32: 0
        case .float16: 1
        case .bfloat16: 2
        case .int8: 3
        }
    }
}

extension KeyFormat {
    /// nil: a number that stands for none.
    package init?(wire: UInt32) {
        switch wire {
        case 0: self = .raw
        case 1: self = .delta
        default: return nil
        }
    }

    package var wire: UInt32 {
        switch self {
        case .raw: 0
        case .delta: 1
        }
    }
}
