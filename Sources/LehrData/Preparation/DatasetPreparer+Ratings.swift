import LehrCore

extension DatasetPreparer {
    /// Prepares ratings with times: each user's last choice is the test, ranked among
    /// `options.negatives` items that the user never chose.
    ///
    /// The header names columns `user_id`, `item_id` and `timestamp`, in any order among others. A
    /// rating counts as a choice whatever its value. A user's held-out item occurs nowhere else
    /// among that user's training pairs.
    func prepareRatings(
        _ path: String, items: String?, origin: String, _ writer: DatasetWriter
    ) throws(DataError) -> PrepareReport {
        var tally = MalformedTally()
        var (train, times) = try readRatings(path, tally: &tally)
        try requireRoom(train, file: path)
        let heldOut = HoldOut.last(train, times: times)
        times = []
        let test = HoldOut.candidates(
            heldOut, among: train, purpose: .testNegatives, options: options)
        train.removeHeldOut(heldOut)
        let titles = ItemTitles(files: files, policy: options.policy)
        return try writePairs(
            PairSource(
                origin: origin, train: train, test: test,
                titles: try items.map { (path) throws(DataError) in
                    try titles.table(path, tally: &tally)
                } ?? [:], tally: tally), writer)
    }

    private func readRatings(
        _ path: String, tally: inout MalformedTally
    ) throws(DataError) -> (Interactions, times: [Double]) {
        var interactions = Interactions()
        var times: [Double] = []
        var columns: (user: Int, item: Int, time: Int)?
        var fields = FieldList()
        let limit = pairLimit
        // A wrong header is not a line to tolerate.
        let policy = try checkHeader(path) ? options.policy : .strict
        try readSource(path, files: files, policy: policy, tally: &tally) {
            (line, _) throws(LineProblem) in
            guard let columns else {
                let header = TypedHeader(line)
                columns = (
                    try header.position(of: "user_id"), try header.position(of: "item_id"),
                    try header.position(of: "timestamp")
                )
                return
            }
            fields.split(line)
            let user = try fields.required(columns.user, "a user key")
            let item = try fields.required(columns.item, "an item key")
            let time = try fields.required(columns.time, "a timestamp")
            guard let seconds = decimalNumber(time) else {
                throw LineProblem(expected: "a timestamp (a number)", found: time)
            }
            if interactions.count <= limit {
                interactions.append(user: fieldKey(user), item: fieldKey(item))
                times.append(seconds)
            }
        }
        return (interactions, times)
    }

    /// Whether the file's first line names the columns that are needed.
    private func checkHeader(_ path: String) throws(DataError) -> Bool {
        let reader = try LineReader(path: path, files: files)
        guard let line = try reader.next() else { return false }
        let names = TypedHeader(line).names
        return ["user_id", "item_id", "timestamp"].allSatisfy { names.contains($0) }
    }
}
