/// A question for the best items for a user.
package struct RecommendQuery: Sendable, Equatable {
    /// nil for a user without a name.
    package var user: UInt64?
    /// Keys of items that the user liked; counts only for users the model does not know.
    package var history: [UInt64]
    /// How many items are wanted, at least 1.
    package var k: Int
    /// Keys of items that are not to be recommended.
    package var exclude: [UInt64]
    /// Leaves out what the user has in the training data, and the history.
    package var excludeSeen: Bool

    package init(
        user: UInt64? = nil, history: [UInt64] = [], k: Int = 10, exclude: [UInt64] = [],
        excludeSeen: Bool = true
    ) {
        self.user = user
        self.history = history
        self.k = k
        self.exclude = exclude
        self.excludeSeen = excludeSeen
    }
}

/// The best items for a user, best first, and what the answer rests on.
package struct Recommendation: Sendable, Equatable {
    package enum Source: String, Sendable {
        /// The vector that the model learned for this user.
        case model
        /// A vector made from the items in the query's history.
        case history
        /// Neither was known: the items that the training data has most often.
        case popular
    }

    package struct Item: Sendable, Equatable {
        package let key: UInt64
        package let title: String
        /// The dot product; for `popular`, the training count.
        package let score: Float
    }

    package let source: Source
    /// At most `k`; fewer when exclusions leave fewer.
    package let items: [Item]
}
