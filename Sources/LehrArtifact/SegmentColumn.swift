import LehrTable

/// The tensors of a snapshot's segment file, one for each column of `RowColumns`.
///
/// Dimensions: `n` rows, `w` values of weights and `s` floats of state altogether.
enum SegmentColumn: String, CaseIterable {
    /// U64 `[n]`, or `[n, 2]` (low, high).
    case keys
    /// F32 `[n]`
    case shows
    /// F32 `[n]`
    case clicks
    /// U32 `[n]`
    case lastSeen = "last_seen"
    /// U32 `[n]`
    case steps
    /// U16 `[n]`
    case widths
    /// F32, F16, BF16 or I8 `[w]`
    case weights
    /// F32 `[n]`; only beside weights of I8.
    case scales
    /// U16 `[n]`
    case stateCounts = "state_counts"
    /// F32 `[s]`
    case states

    private func type(_ format: RowFormat) -> ElementType {
        switch self {
        case .keys: .u64
        case .shows, .clicks, .scales, .states: .f32
        case .lastSeen, .steps: .u32
        case .widths, .stateCounts: .u16
        case .weights: format.numbers.elementType
        }
    }

    /// All tensors of a segment of so many rows, values and floats of state.
    static func tensors(
        _ format: RowFormat, rows: Int, values: Int, states: Int
    ) -> [TensorInfo] {
        allCases.filter { $0 != .scales || format.numbers.hasScale }.map { column in
            let shape =
                switch column {
                case .keys: format.keyWords == 1 ? [rows] : [rows, format.keyWords]
                case .weights: [values]
                case .states: [states]
                default: [rows]
                }
            return TensorInfo(name: column.rawValue, type: column.type(format), shape: shape)
        }
    }

    /// Checks that `tensors` are those of a segment, as far as their shapes say; the number of its
    /// rows.
    static func rowCount(
        _ tensors: [TensorInfo], _ format: RowFormat, file: String
    ) throws(ArtifactError) -> Int {
        func length(_ column: SegmentColumn) -> Int {
            tensors.first { $0.name == column.rawValue }?.shape.first ?? 0
        }
        let rows = length(.keys)
        let expected = Self.tensors(
            format, rows: rows, values: length(.weights), states: length(.states))
        for tensor in expected {
            guard let found = tensors.first(where: { $0.name == tensor.name }) else {
                throw .noTensor(file: file, name: tensor.name)
            }
            guard found == tensor, found.byteCount != nil else {
                throw .unexpectedTensor(
                    file: file, name: tensor.name, expected: tensor.shapeText,
                    found: found.shapeText)
            }
        }
        guard tensors.count == expected.count else {
            let names = expected.map { $0.name }
            let other = tensors.first { !names.contains($0.name) } ?? tensors[0]
            throw .unexpectedTensor(
                file: file, name: other.name, expected: "absent", found: other.shapeText)
        }
        return rows
    }
}

extension NumberFormat {
    var elementType: ElementType {
        switch self {
        case .float32: .f32
        case .float16: .f16
        case .bfloat16: .bf16
        case .int8: .i8
        }
    }
}
