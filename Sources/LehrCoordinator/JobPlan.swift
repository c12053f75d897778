package import LehrTable

/// What a job file and its data set come to: all that the coordinator needs to run the job.
package struct JobPlan: Hashable, Codable, Sendable {
    /// One file of training examples; one part of each epoch.
    package struct File: Hashable, Codable, Sendable {
        package var path: String
        package var examples: UInt64

        package init(path: String, examples: UInt64) {
            self.path = path
            self.examples = examples
        }
    }

    package var name: String
    /// The job file as submitted, YAML.
    package var spec: String
    package var tables: [TableSpec]
    package var files: [File]
    /// The held-out file that is scored after each of `evaluatedEpochs`.
    package var validation: String
    /// Ascending, from 0.
    package var evaluatedEpochs: [UInt32]
    package var epochs: UInt32
    package var batchSize: UInt64
    /// One batch after another, over all workers.
    package var isSequential: Bool
    /// Partitions of a hashed table, as a power of two.
    package var partitionBits: Int

    package init(
        name: String, spec: String, tables: [TableSpec], files: [File], validation: String,
        evaluatedEpochs: [UInt32], epochs: UInt32, batchSize: UInt64, isSequential: Bool,
        partitionBits: Int
    ) {
        self.name = name
        self.spec = spec
        self.tables = tables
        self.files = files
        self.validation = validation
        self.evaluatedEpochs = evaluatedEpochs
        self.epochs = epochs
        self.batchSize = batchSize
        self.isSequential = isSequential
        self.partitionBits = partitionBits
    }

    /// Parts over all epochs.
    package var partCount: UInt32 { UInt32(files.count) * epochs }

    package func file(ofPart part: UInt32) -> File { files[Int(part) % files.count] }

    package func epoch(ofPart part: UInt32) -> UInt32 { part / UInt32(files.count) }

    package func batches(of file: File) -> UInt64 {
        (file.examples + batchSize - 1) / batchSize
    }
}
