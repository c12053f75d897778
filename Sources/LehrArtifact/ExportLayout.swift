/// What the segments and tensors of an export are called, for the exporter and for serving.
///
/// Dimensions: `n` users, `m` items, `d` columns of a vector, `s` items seen altogether.
package enum ExportLayout {
    /// A model of users and items whose vectors are the towers' final output: the score of an item
    /// for a user is the dot product. An item's bias is a column of its own, beside a 1 in users.
    package enum TwoTower {
        /// `Manifest.spec.kind`.
        package static let kind = "two-tower"

        package static let usersSegment = "users.safetensors"
        /// U64 `[n]`, distinct.
        package static let userKeys = "user.keys"
        /// F32 `[n, d]`, finite.
        package static let userVectors = "user.vectors"

        package static let itemsSegment = "items.safetensors"
        /// U64 `[m]`, distinct.
        package static let itemKeys = "item.keys"
        /// F32 `[m, d]`, finite.
        package static let itemVectors = "item.vectors"
        /// U64 `[m]`: how often the training data has the item.
        package static let itemCounts = "item.counts"
        /// U8: all titles in UTF-8, one behind the other.
        package static let itemTitles = "item.titles"
        /// U64 `[m + 1]`: title `i` is the bytes `offsets[i] ..< offsets[i + 1]`.
        package static let itemTitleOffsets = "item.title_offsets"

        package static let seenSegment = "seen.safetensors"
        /// U64 `[n + 1]`: user row `i` has seen `items[offsets[i] ..< offsets[i + 1]]`.
        package static let seenOffsets = "seen.offsets"
        /// I32 `[s]`: rows of items.
        package static let seenItems = "seen.items"
    }

    /// A weight for each feature; the probability is `sigmoid(bias + sum(weight * value))`.
    package enum LogisticRegression {
        /// `Manifest.spec.kind`.
        package static let kind = "logistic-regression"

        package static let weightsSegment = "weights.safetensors"
        /// U64 `[n]`, distinct.
        package static let keys = "weight.keys"
        /// F32 `[n]`, finite.
        package static let values = "weight.values"
        /// F32 `[1]`, finite.
        package static let bias = "bias"
    }
}
