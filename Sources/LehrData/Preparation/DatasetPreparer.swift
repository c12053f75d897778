package import LehrCore

/// Makes a data set of files in one of the layouts that `SourceLayout` knows.
///
/// Everything is held in memory while it is shuffled and split: 24 bytes an interaction (at most
/// `DataLimits.preparedPairs`) or the text of a libsvm file (at most
/// `DataLimits.preparedTextBytes`). The source is only read; the target becomes a data set when
/// `dataset.json` is renamed into place, after all else.
package struct DatasetPreparer {
    let files: any FileSystem
    let options: PrepareOptions
    let pairLimit: Int
    let textLimit: Int

    package init(
        files: any FileSystem, options: PrepareOptions = PrepareOptions(),
        pairLimit: Int = DataLimits.preparedPairs, textLimit: Int = DataLimits.preparedTextBytes
    ) {
        self.files = files
        self.options = options
        self.pairLimit = pairLimit
        self.textLimit = textLimit
    }

    /// Prepares the directory or file `source` into the directory `target`.
    package func prepare(
        from source: String, to target: String
    ) throws(DataError) -> PrepareReport {
        let layout = try SourceLayout.detect(source, files: files)
        let writer = DatasetWriter(directory: target, files: files, options: options)
        try writer.check()
        switch layout {
        case .explicitSplit(let split): return try prepare(split, writer)
        case .ratings(let interactions, let items):
            return try prepareRatings(
                interactions, items: items, origin: "ratings, leave-last-out", writer)
        case .libsvm(let file): return try prepareLibsvm(file, writer)
        }
    }
}

/// Pairs read and split for testing; what is left to do is the same for every layout.
struct PairSource {
    var origin: String
    /// All that may be trained on, the validation pairs among it.
    var train: Interactions
    var test: [CandidateLine]
    var titles: [UInt64: String]
    var droppedCopies = 0
    var tally: MalformedTally
}

extension DatasetPreparer {
    /// Takes the validation split out of the training pairs and writes the data set.
    ///
    /// Validation: one random pair of each user with at least three distinct items, ranked among
    /// items that the user did not choose in training; the test split is not looked at. The
    /// catalogue counts all training pairs, the validation pairs among them, and lists every item
    /// that occurs anywhere.
    func writePairs(_ source: PairSource, _ writer: DatasetWriter) throws(DataError)
        -> PrepareReport
    {
        var train = source.train
        var counts: [UInt64: UInt64] = [:]
        for (item, count) in train.itemCounts().enumerated() {
            counts[train.itemKeys.keys[item]] = count
        }
        for line in source.test {
            for item in [line.positive] + line.negatives where counts[item] == nil {
                counts[item] = 0
            }
        }
        let heldOut = HoldOut.random(train, options: options)
        let validation = HoldOut.candidates(
            heldOut, among: train, purpose: .validationNegatives, options: options)
        train.removeHeldOut(heldOut)

        try writer.begin()
        let trainFiles = try writer.writeTrain(count: train.count, suffix: "tsv") { index, text in
            text.append(train.userKeys.keys[Int(train.users[index])])
            text.append(byte: tab)
            text.append(train.itemKeys.keys[Int(train.items[index])])
        }
        let users = Set(train.userKeys.keys).union(source.test.map { $0.user })
        let dataset = Dataset(
            format: .pairs, origin: source.origin, seed: options.seed, train: trainFiles,
            validation: try writer.writeCandidates("validation.tsv.gz", validation),
            test: try writer.writeCandidates("test.tsv.gz", source.test),
            items: try writer.writeItems(counts: counts, titles: source.titles),
            users: users.count)
        try dataset.write(to: writer.directory, files: files)
        return PrepareReport(
            dataset: dataset, malformedLines: source.tally.count,
            lastMalformed: source.tally.last, droppedCopies: source.droppedCopies)
    }

    /// Fails when one more pair would pass the bound of what is held in memory.
    func requireRoom(_ interactions: Interactions, file: String) throws(DataError) {
        guard interactions.count <= pairLimit else {
            throw .tooLarge(file: file, what: "pairs", limit: pairLimit)
        }
    }
}
