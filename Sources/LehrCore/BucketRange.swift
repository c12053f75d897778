/// How a table's rows are spread over the 65,536 buckets that partitions are runs of.
///
/// Public rather than the package's, as `BucketRange` is: only then is what is asked for each key
/// inlined where another module loops over keys.
public enum KeySpace: Hashable, Sendable, Codable {
    /// Raw 64-bit features: the bucket is the top 16 bits of the mixed key.
    case hashed
    /// A dense variable of `rows` rows; a key is a row's index, and buckets are runs of rows.
    case rows(UInt64)

    @inlinable
    public func bucket(of key: UInt64) -> UInt32 {
        switch self {
        case .hashed: UInt32(truncatingIfNeeded: mixed(key) >> 48)
        case .rows(let count):
            UInt32(truncatingIfNeeded: (Swift.min(key, count - 1) << 16) / count)
        }
    }
}

/// A power-of-two-aligned run of buckets: the keys of one partition.
public struct BucketRange: Hashable, Sendable {
    package static let bucketCount: UInt32 = 1 << 16

    public let first: UInt32
    public let count: UInt32

    package init?(first: UInt32, count: UInt32) {
        guard count > 0, count.nonzeroBitCount == 1, count <= Self.bucketCount,
            first % count == 0, first <= Self.bucketCount - count
        else { return nil }
        self.first = first
        self.count = count
    }

    @inlinable
    public func contains(_ bucket: UInt32) -> Bool { bucket &- first < count }

    /// All buckets cut into `2^bits` equal runs, in order; `bits` at most 16.
    package static func even(bits: Int) -> [BucketRange] {
        precondition((0...16).contains(bits), "a table has 1 to 65536 partitions")
        let width = bucketCount >> UInt32(bits)
        return (0..<UInt32(1 << bits)).compactMap { BucketRange(first: $0 * width, count: width) }
    }
}

extension BucketRange: Codable {
    private enum CodingKeys: CodingKey {
        case first, count
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let range = BucketRange(
            first: try container.decode(UInt32.self, forKey: .first),
            count: try container.decode(UInt32.self, forKey: .count))
        guard let range else {
            throw DecodingError.dataCorruptedError(
                forKey: .count, in: container,
                debugDescription: "not a power-of-two-aligned run of buckets")
        }
        self = range
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(first, forKey: .first)
        try container.encode(count, forKey: .count)
    }
}
