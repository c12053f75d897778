import LehrCore

/// How a data set is prepared; the same source and options give the same bytes.
package struct PrepareOptions: Sendable, Equatable {
    /// Training files, fewer when there are fewer examples.
    package var parts: Int
    /// Of every random choice: order, validation split, sampled negatives.
    package var seed: UInt64
    /// Negatives sampled for each held-out pair; fewer when a user has seen almost everything.
    package var negatives: Int
    /// For files of training data; explicit test files are read strictly.
    package var policy: MalformedLinePolicy
    /// Whether a data set already in the target directory gives way.
    package var replace: Bool

    package init(
        parts: Int = 8, seed: UInt64 = 1, negatives: Int = 99,
        policy: MalformedLinePolicy = .standard, replace: Bool = false
    ) {
        precondition((1...DataLimits.parts).contains(parts), "1 to 65536 parts")
        precondition((1...10_000).contains(negatives), "1 to 10000 negatives")
        self.parts = parts
        self.seed = seed
        self.negatives = negatives
        self.policy = policy
        self.replace = replace
    }

    /// The stream of random numbers of one purpose.
    func random(_ purpose: RandomPurpose, _ key: UInt64 = 0) -> RandomSource {
        RandomSource(seed: seed, path: purpose.rawValue, key)
    }
}

/// Purposes of random numbers while preparing, each with a stream of its own.
enum RandomPurpose: UInt64 {
    case globalShuffle = 0x10
    case validationPair = 0x11
    case validationNegatives = 0x12
    case testNegatives = 0x13
}

/// What preparing a data set did.
package struct PrepareReport: Sendable, Equatable {
    package var dataset: Dataset
    /// Malformed lines tolerated, over all files.
    package var malformedLines: Int
    /// The last of them.
    package var lastMalformed: MalformedLine?
    /// Test negatives left out because they were the user's own positive.
    package var droppedCopies: Int
}
