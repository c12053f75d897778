import LehrCore

@testable import LehrTable

/// The inverse of `mixed`: the key with a wanted hash.
func unmixed(_ hash: UInt64) -> UInt64 {
    var bits = hash ^ (hash >> 31) ^ (hash >> 62)
    bits = bits &* inverse(of: 0x94D0_49BB_1331_11EB)
    bits = bits ^ (bits >> 27) ^ (bits >> 54)
    bits = bits &* inverse(of: 0xBF58_476D_1CE4_E5B9)
    return bits ^ (bits >> 30) ^ (bits >> 60)
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration.
private func inverse(of odd: UInt64) -> UInt64 {
    var inverse = odd
    for _ in 0..<6 { inverse = inverse &* (2 &- odd &* inverse) }
    return inverse
}

extension TableSpec {
    static func sample(
        keys: KeySpace = .hashed, dimension: Int = 4,
        initializer: Initializer = .uniform(low: -0.1, high: 0.1),
        rule: Optimizer.Rule = .sgd, rate: Float = 0.1, l2: Float = 0, seed: UInt64 = 7
    ) -> TableSpec {
        TableSpec(
            name: "sample", keys: keys, dimension: dimension, initializer: initializer,
            optimizer: Optimizer(rule: rule, learningRate: rate, l2: l2), seed: seed)
    }
}

extension TableSpec {
    static func sample(
        dimension: Int, initializer: Initializer = .uniform(low: -0.1, high: 0.1),
        optimizer: Optimizer, seed: UInt64 = 7
    ) -> TableSpec {
        TableSpec(
            name: "sample", keys: .hashed, dimension: dimension, initializer: initializer,
            optimizer: optimizer, seed: seed)
    }
}

/// Every bucket of a table.
let wholeRange = BucketRange.even(bits: 0)[0]

extension TablePartition {
    func pull(_ keys: [UInt64]) -> [Float] {
        var weights = [Float](
            repeating: .nan, count: keys.count / spec.storage.keyWidth.words * spec.dimension)
        withPacked(keys) { keys in
            weights.withUnsafeMutableBufferPointer { pull(keys: keys, into: $0) }
        }
        return weights
    }

    @discardableResult
    func push(
        _ keys: [UInt64], _ gradients: [Float], shows: [Float]? = nil, clicks: [Float]? = nil,
        now: UInt32 = 0
    ) -> PushOutcome {
        withPacked(keys) { keys in
            withPacked(gradients) { gradients in
                withPacked(shows ?? []) { packedShows in
                    withPacked(clicks ?? []) { packedClicks in
                        push(
                            keys: keys, gradients: gradients,
                            shows: shows == nil ? nil : packedShows,
                            clicks: clicks == nil ? nil : packedClicks, now: now)
                    }
                }
            }
        }
    }

    @discardableResult
    func removeKeys(_ keys: [UInt64]) -> Int { withPacked(keys) { remove(keys: $0) } }

    func firstKeyOutside(_ keys: [UInt64]) -> Int? {
        withPacked(keys) { firstKeyOutside($0) }
    }

    /// All rows, scanned `limit` at a time.
    func scanAll(limit: Int) -> ScannedRows {
        var all = ScannedRows()
        var cursor: ScanCursor? = .start
        while let from = cursor {
            let rows = scan(from: from, limit: limit)
            all.keys += rows.keys
            all.weights += rows.weights
            all.shows += rows.shows
            all.clicks += rows.clicks
            cursor = rows.next
        }
        return all
    }
}

extension InitialRow {
    func row(_ key: UInt64, dimension: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: dimension) { buffer, count in
            if let base = buffer.baseAddress { fill(key: key, into: base) }
            count = dimension
        }
    }
}

func bits(_ floats: [Float]) -> [UInt32] { floats.map(\.bitPattern) }

/// The elements at an odd address, as they may come in a message.
private func withPacked<Element: BitwiseCopyable, Result>(
    _ elements: [Element], _ body: (PackedElements<Element>) -> Result
) -> Result {
    let shifted = [0] + elements.withUnsafeBytes { [UInt8]($0) }
    return shifted.withUnsafeBytes {
        body(PackedElements(start: $0.baseAddress.map { $0 + 1 }, count: elements.count))
    }
}

extension RowStore {
    var segments: [KeyIndex.Segment] { index.segments.indices.map { index.segments[$0] } }
}
