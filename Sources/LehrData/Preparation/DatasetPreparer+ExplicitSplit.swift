import LehrCore

extension DatasetPreparer {
    /// Prepares training pairs whose test positives and negatives are given.
    ///
    /// Line `n` of the negatives, `(user,item) \t negative ...`, belongs to line `n` of the
    /// positives, `user \t item ...`. A negative that is the user's own positive is left out, so
    /// that user is ranked among one less. The test files are read strictly.
    func prepare(
        _ split: SourceLayout.ExplicitSplit, _ writer: DatasetWriter
    ) throws(DataError) -> PrepareReport {
        var source = PairSource(
            origin: "explicit split", train: Interactions(), test: [], titles: [:],
            tally: MalformedTally())
        var interactions = Interactions()
        let limit = pairLimit
        try readSource(
            split.train, files: files, policy: options.policy, tally: &source.tally
        ) { (line, _) throws(LineProblem) in
            let pair = try PairLine(line)
            if interactions.count <= limit {
                interactions.append(user: pair.user, item: pair.item)
            }
        }
        try requireRoom(interactions, file: split.train)
        source.train = interactions
        try readTest(split, into: &source)
        if let movies = split.movies {
            source.titles = try ItemTitles(files: files, policy: options.policy)
                .movies(movies, itemMap: split.itemMap, tally: &source.tally)
        }
        return try writePairs(source, writer)
    }

    private func readTest(
        _ split: SourceLayout.ExplicitSplit, into source: inout PairSource
    ) throws(DataError) {
        var positives: [PairLine] = []
        try readSource(
            split.positives, files: files, policy: .strict, tally: &source.tally
        ) { (line, _) throws(LineProblem) in positives.append(try PairLine(line)) }

        var lines: [CandidateLine] = []
        var dropped = 0
        try readSource(
            split.negatives, files: files, policy: .strict, tally: &source.tally
        ) { (line, _) throws(LineProblem) in
            guard lines.count < positives.count else {
                throw LineProblem(
                    expected: "\(positives.count) lines, as in the positives", found: line)
            }
            let positive = positives[lines.count]
            let negatives = try parseNegatives(line, of: positive)
            let kept = negatives.filter { $0 != positive.item }
            dropped += negatives.count - kept.count
            lines.append(
                CandidateLine(user: positive.user, positive: positive.item, negatives: kept))
        }
        guard lines.count == positives.count else {
            throw .unusable(
                path: split.negatives,
                problem: "\(lines.count) lines for the \(positives.count) of \(split.positives)")
        }
        source.test = lines
        source.droppedCopies = dropped
    }

    /// The negatives of `(user,item) \t negative ...`, whose first field must name `positive`.
    private func parseNegatives(
        _ line: UnsafeRawBufferPointer, of positive: PairLine
    ) throws(LineProblem) -> [UInt64] {
        var fields = FieldCursor(line)
        let first = fields.next()
        let expected = "(\(positive.user),\(positive.item)), as the positives have it"
        guard let first, first.count >= 2, first.first == UInt8(ascii: "("),
            first.last == UInt8(ascii: ")")
        else { throw LineProblem(expected: expected, found: first) }
        var names = FieldCursor(
            UnsafeRawBufferPointer(rebasing: first[1..<first.count - 1]),
            separator: UInt8(ascii: ","))
        guard try names.key(expected) == positive.user, try names.key(expected) == positive.item
        else { throw LineProblem(expected: expected, found: first) }
        var negatives: [UInt64] = []
        while let field = fields.next() {
            guard !field.isEmpty else {
                throw LineProblem(expected: "a negative item key", found: field)
            }
            negatives.append(fieldKey(field))
        }
        guard !negatives.isEmpty else {
            throw LineProblem(expected: "at least one negative item key", found: nil)
        }
        return negatives
    }
}
