/// The value of a row before its first push: the same on any shard, core or replay.
package enum Initializer: Hashable, Sendable, Codable {
    case constant(Float)
    /// Uniform in `[low, high)`.
    case uniform(low: Float, high: Float)
    /// Normal with mean 0.
    case normal(deviation: Float)
    /// Normal with mean 0 and, before it is cut at two deviations, this deviation; it has 0.880 of
    /// that afterwards.
    case truncatedNormal(deviation: Float)

    package static let zeros = Initializer.constant(0)
}
