import Glibc

/// Makes a user's vector out of the items that the user liked, for users the model does not know.
///
/// The vector is the mean of the items' vectors, scaled to the length that users' vectors have (the
/// root of the mean square). Columns in which all users of the model have one and the same value
/// (the 1 beside an item's bias) keep that value and take no part in the mean and the length. That
/// makes scores comparable with those of known users.
struct FoldIn: Sendable {
    /// By column; nil where users differ.
    private let constants: [Float?]
    /// Of the columns in which users differ; nil without users.
    private let userLength: Double?

    init(users: VectorTable) {
        let dimension = users.dimension
        var constants = users.count > 1 ? users.vector(0).map(Optional.some) : []
        if constants.isEmpty { constants = Array(repeating: nil, count: dimension) }
        for start in stride(from: 0, to: users.vectors.count, by: dimension) {
            for column in 0..<dimension where constants[column] != users.vectors[start + column] {
                constants[column] = nil
            }
        }
        var sum = 0.0
        for start in stride(from: 0, to: users.vectors.count, by: dimension) {
            for column in 0..<dimension where constants[column] == nil {
                let value = Double(users.vectors[start + column])
                sum += value * value
            }
        }
        self.constants = constants
        userLength = users.count > 0 ? sqrt(sum / Double(users.count)) : nil
    }

    /// The vector of a user who liked the items at `rows`; nil when there are none, or when their
    /// vectors cancel out.
    func vector(of rows: [UInt32], in items: VectorTable) -> [Float]? {
        guard !rows.isEmpty else { return nil }
        var mean = [Double](repeating: 0, count: items.dimension)
        for row in rows {
            for (column, value) in items.vector(row).enumerated() { mean[column] += Double(value) }
        }
        var square = 0.0
        for column in mean.indices where constants[column] == nil {
            mean[column] /= Double(rows.count)
            square += mean[column] * mean[column]
        }
        guard square > 0 else { return nil }
        let length = sqrt(square)
        let scale = (userLength ?? length) / length
        return zip(mean, constants).map { $1 ?? Float($0 * scale) }
    }
}
