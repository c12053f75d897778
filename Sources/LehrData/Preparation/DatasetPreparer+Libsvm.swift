import LehrCore

extension DatasetPreparer {
    /// Prepares a libsvm file: a seeded fifth of its lines, rounded down, is the validation split
    /// and there is no other held-out split; the rest is training data.
    func prepareLibsvm(_ path: String, _ writer: DatasetWriter) throws(DataError) -> PrepareReport {
        var text: [UInt8] = []
        var ends: [Int] = []
        var keys: [UInt64] = []
        var values: [Float] = []
        var tally = MalformedTally()
        let limit = textLimit
        try readSource(path, files: files, policy: options.policy, tally: &tally) {
            (line, _) throws(LineProblem) in
            keys.removeAll(keepingCapacity: true)
            values.removeAll(keepingCapacity: true)
            _ = try parseLibsvm(line, keys: &keys, values: &values)
            guard text.count <= limit else { return }
            text.append(contentsOf: line)
            ends.append(text.count)
        }
        guard text.count <= textLimit else {
            throw .tooLarge(file: path, what: "bytes of text", limit: textLimit)
        }
        let validationCount = ends.count / 5
        guard validationCount > 0 else {
            throw .unusable(path: path, problem: "\(ends.count) examples; at least 5 are needed")
        }
        try writer.begin()
        let order = shuffled(count: ends.count, random: options.random(.globalShuffle))
        func append(_ index: Int, _ output: TextWriter) {
            output.append(text[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
        }
        let train = try writer.writeParts(
            Array(order[validationCount...]), suffix: "libsvm", append: append)
        let dataset = Dataset(
            format: .libsvm, origin: "libsvm, a fifth held out", seed: options.seed, train: train,
            validation: try writer.write(
                "validation.libsvm.gz", order[..<validationCount], append: append))
        try dataset.write(to: writer.directory, files: files)
        return PrepareReport(
            dataset: dataset, malformedLines: tally.count, lastMalformed: tally.last,
            droppedCopies: 0)
    }
}
