/// A prepared directory: what is in it and how to read it. Written as `dataset.json`.
package struct Dataset: Sendable, Equatable, Codable {
    /// The format of the training files; held-out files of `pairs` hold candidates.
    package enum Format: String, Sendable, Codable, CaseIterable {
        case pairs
        case libsvm
    }

    /// One file of the directory.
    package struct File: Sendable, Equatable, Codable {
        /// A plain name, relative to the directory.
        package var name: String
        /// Well-formed lines.
        package var examples: Int

        package init(name: String, examples: Int) {
            self.name = name
            self.examples = examples
        }
    }

    package static let fileName = "dataset.json"
    package static let currentVersion = 1

    package var formatVersion: Int
    package var format: Format
    /// Where the data came from, for people: a layout's name, or `generated`.
    package var origin: String
    /// The seed of every random choice made while preparing it.
    package var seed: UInt64
    /// Training files in order; a part is one of them in one epoch.
    package var train: [File]
    package var validation: File
    /// Absent where the source has one held-out split only (libsvm): then `validation` is all
    /// there is to report on.
    package var test: File?
    /// `item key \t training count \t title`; absent for libsvm.
    package var items: File?
    /// Distinct user keys of the training and held-out files; 0 for libsvm.
    package var users: Int

    package init(
        format: Format, origin: String, seed: UInt64, train: [File], validation: File,
        test: File? = nil, items: File? = nil, users: Int = 0
    ) {
        formatVersion = Self.currentVersion
        self.format = format
        self.origin = origin
        self.seed = seed
        self.train = train
        self.validation = validation
        self.test = test
        self.items = items
        self.users = users
    }

    package var trainExamples: Int { train.reduce(0) { $0 + $1.examples } }

    /// The format of the lines of the training files.
    package var trainFormat: LineFormat { format == .pairs ? .pairs : .libsvm }

    /// The format of the lines of the validation and test files.
    package var heldOutFormat: LineFormat { format == .pairs ? .candidates : .libsvm }

    /// What final figures are reported on: the test split, or the validation split where there is
    /// no other.
    package var report: File { test ?? validation }
}
