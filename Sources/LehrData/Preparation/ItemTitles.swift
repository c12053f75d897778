import LehrCore

/// Reads titles of items from the files that come with ratings.
struct ItemTitles {
    let files: any FileSystem
    let policy: MalformedLinePolicy

    /// `movies.dat` (`id::title::...`, UTF-8 or Latin-1), under the keys that `item_map.tsv`
    /// (`item key \t id`, possibly a header) gives them, or under its own ids without a map.
    func movies(
        _ movies: String, itemMap: String?, tally: inout MalformedTally
    ) throws(DataError) -> [UInt64: String] {
        var titles: [UInt64: String] = [:]
        try readSource(movies, files: files, policy: policy, tally: &tally) {
            (line, _) throws(LineProblem) in
            guard let (id, title) = splitMovie(line), !id.isEmpty else {
                throw LineProblem(expected: "id::title::...", found: line)
            }
            titles[fieldKey(id)] = text(title)
        }
        guard let itemMap else { return titles }
        var mapped: [UInt64: String] = [:]
        try readSource(itemMap, files: files, policy: policy, tally: &tally) {
            (line, number) throws(LineProblem) in
            var fields = FieldCursor(line)
            guard let first = fields.next() else { return }
            if number == 1, decimalNumber(first) == nil { return }
            let id = try fields.key("an item key and the id it stands for")
            mapped[fieldKey(first)] = titles[id]
        }
        return mapped
    }

    /// A table with a typed header: column `item_id` and the first whose name ends in `title` or
    /// `name`, with `release_year` behind it in parentheses where that column exists.
    func table(_ path: String, tally: inout MalformedTally) throws(DataError) -> [UInt64: String] {
        var titles: [UInt64: String] = [:]
        var header: TypedHeader?
        var fields = FieldList()
        try readSource(path, files: files, policy: policy, tally: &tally) {
            (line, _) throws(LineProblem) in
            guard let columns = header else {
                header = TypedHeader(line)
                return
            }
            fields.split(line)
            let item = try fields.required(columns.position(of: "item_id"), "an item key")
            let titleColumn = columns.names.firstIndex {
                $0.hasSuffix("title") || $0.hasSuffix("name")
            }
            guard let title = fields.optional(titleColumn) else { return }
            let year = fields.optional(columns.names.firstIndex(of: "release_year"))
            titles[fieldKey(item)] = text(title) + (year.map { " (\(text($0)))" } ?? "")
        }
        return titles
    }

    /// The parts of a line before the first `::` and between it and the second.
    private func splitMovie(
        _ line: UnsafeRawBufferPointer
    ) -> (id: UnsafeRawBufferPointer, title: UnsafeRawBufferPointer)? {
        func separator(from start: Int) -> Int? {
            var position = start
            while position + 1 < line.count {
                if line[position] == 58, line[position + 1] == 58 { return position }
                position += 1
            }
            return nil
        }
        guard let first = separator(from: 0) else { return nil }
        let last = separator(from: first + 2) ?? line.count
        return (
            UnsafeRawBufferPointer(rebasing: line[..<first]),
            UnsafeRawBufferPointer(rebasing: line[(first + 2)..<last])
        )
    }

    /// Text that is UTF-8 as it is, any other as Latin-1.
    private func text(_ bytes: UnsafeRawBufferPointer) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return String(String.UnicodeScalarView(bytes.map { UnicodeScalar($0) }))
    }
}
