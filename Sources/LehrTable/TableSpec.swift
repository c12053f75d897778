package import LehrCore

/// What a table is: everything a shard needs to create a partition of it.
///
/// Hashed tables and dense variables are the same thing with different key spaces: a dense variable
/// of `n` rows is a table whose keys are `0 ..< n`.
package struct TableSpec: Hashable, Sendable, Codable {
    /// Unique within its job, such as `user`.
    package var name: String
    package var keys: KeySpace
    /// Floats in a row's weight.
    package var dimension: Int
    package var initializer: Initializer
    package var optimizer: Optimizer
    /// How a shard keeps its rows.
    package var storage: RowStorage
    /// Rows that nobody has written yet are a function of this seed and the key alone.
    package var seed: UInt64
    /// How rows, gradients and keys travel.
    package var wire: WireFormat

    package init(
        name: String, keys: KeySpace, dimension: Int, initializer: Initializer,
        optimizer: Optimizer, storage: RowStorage = RowStorage(), seed: UInt64,
        wire: WireFormat = WireFormat()
    ) {
        self.name = name
        self.keys = keys
        self.dimension = dimension
        self.initializer = initializer
        self.optimizer = optimizer
        self.storage = storage
        self.seed = seed
        self.wire = wire
    }

    /// A table that was recorded before there was a choice has the formats of that time.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try fields.decode(String.self, forKey: .name),
            keys: try fields.decode(KeySpace.self, forKey: .keys),
            dimension: try fields.decode(Int.self, forKey: .dimension),
            initializer: try fields.decode(Initializer.self, forKey: .initializer),
            optimizer: try fields.decode(Optimizer.self, forKey: .optimizer),
            storage: try fields.decodeIfPresent(RowStorage.self, forKey: .storage) ?? RowStorage(),
            seed: try fields.decode(UInt64.self, forKey: .seed),
            wire: try fields.decodeIfPresent(WireFormat.self, forKey: .wire) ?? WireFormat())
    }
}

extension TableSpec {
    /// Whether rows, or what becomes of them, depend on how often keys are pushed, so that pushes should
    /// say it.
    package var countsShows: Bool {
        storage.narrow != nil || storage.atLimit == .retire || optimizer.scalesByShows
    }
}
