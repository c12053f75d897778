/// Sizes of a generated data set; the same options give the same bytes.
package struct GeneratorOptions: Sendable, Equatable {
    package var users: Int
    package var items: Int
    /// Interactions aimed at; a little fewer result when users run out of items.
    package var interactions: Int
    /// Groups of items that a user may have a taste for.
    package var tastes: Int
    package var seed: UInt64

    package init(
        users: Int = 2_000, items: Int = 1_000, interactions: Int = 100_000, tastes: Int = 20,
        seed: UInt64 = 1
    ) {
        self.users = users
        self.items = items
        self.interactions = interactions
        self.tastes = tastes
        self.seed = seed
    }

    /// What is wrong with the sizes, for a person; nil when nothing is.
    package var problem: String? {
        if !(1...100_000_000).contains(users) { return "users must be 1 to 100000000" }
        if !(100...10_000_000).contains(items) { return "items must be 100 to 10000000" }
        if !(3...items / 10).contains(tastes) {
            return "tastes must be 3 to \(items / 10), a tenth of the items"
        }
        let most = users * (items / 4)
        if !(users * 5...most).contains(interactions) {
            return "interactions must be \(users * 5) to \(most), 5 to \(items / 4) a user"
        }
        if interactions > DataLimits.preparedPairs {
            return "interactions must be at most \(DataLimits.preparedPairs)"
        }
        return nil
    }
}
