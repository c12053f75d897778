import LehrArtifact

/// Keys and their vectors: row `i` holds `keys[i]` and `dimension` floats.
struct VectorTable: Sendable {
    let keys: [UInt64]
    let vectors: [Float]
    let dimension: Int
    private let rows: [UInt64: UInt32]

    /// Reads keys and vectors of one segment; `dimension` is nil where any will do.
    init(
        _ tensors: ExportTensors, segment: String, keys keysName: String,
        vectors vectorsName: String,
        dimension: Int? = nil
    ) throws(ModelLoadError) {
        keys = try tensors.keys(keysName, segment: segment)
        let (shape, values) = try tensors.floats(
            vectorsName, segment: segment, shape: [keys.count, dimension])
        guard shape[1] > 0 else { throw tensors.inconsistent(vectorsName, "has no columns") }
        guard let rows = rowsByKey(keys) else {
            throw tensors.inconsistent(keysName, "has a key twice, or too many keys")
        }
        self.dimension = shape[1]
        self.rows = rows
        vectors = values
    }

    var count: Int { keys.count }

    func row(of key: UInt64) -> UInt32? { rows[key] }

    func vector(_ row: UInt32) -> ArraySlice<Float> {
        vectors[Int(row) * dimension..<(Int(row) + 1) * dimension]
    }
}

/// The position of each key; nil when one occurs twice or there are over 2^31 - 1.
func rowsByKey(_ keys: [UInt64]) -> [UInt64: UInt32]? {
    guard keys.count <= Int(Int32.max) else { return nil }
    var rows: [UInt64: UInt32] = [:]
    rows.reserveCapacity(keys.count)
    for (row, key) in keys.enumerated() where rows.updateValue(UInt32(row), forKey: key) != nil {
        return nil
    }
    return rows
}
