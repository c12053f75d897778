package import LehrCore

/// The items of a data set: key, training count and title, in the order of `items.tsv`.
package struct ItemCatalog: Sendable {
    package let keys: [UInt64]
    /// How often each item occurs in the source's training pairs.
    package let counts: [UInt64]
    package let titles: [String]
    /// The sum of the counts.
    package let totalCount: UInt64
    private let rows: [UInt64: Int32]

    package init(
        path: String, files: any FileSystem
    ) throws(DataError) {
        let reader = try LineReader(path: path, files: files)
        var keys: [UInt64] = []
        var counts: [UInt64] = []
        var titles: [String] = []
        var rows: [UInt64: Int32] = [:]
        var totalCount: UInt64 = 0
        while let line = try reader.next() {
            guard !line.isEmpty else { continue }
            do throws(LineProblem) {
                let item = try ItemLine(line)
                guard rows.updateValue(Int32(keys.count), forKey: item.key) == nil else {
                    throw LineProblem(expected: "a key that did not occur before", found: line)
                }
                keys.append(item.key)
                counts.append(item.count)
                titles.append(item.title)
                totalCount &+= item.count
            } catch {
                var malformed = MalformedLineCounter(policy: .strict)
                try malformed.record(error, file: path, line: reader.lineNumber)
            }
        }
        self.keys = keys
        self.counts = counts
        self.titles = titles
        self.totalCount = totalCount
        self.rows = rows
    }

    /// Items.
    package var count: Int { keys.count }

    /// Position of an item, or nil when it is not in the catalogue.
    package func row(of key: UInt64) -> Int? { rows[key].map { Int($0) } }

    /// The title of an item; nil when it is not in the catalogue or has none.
    package func title(of key: UInt64) -> String? {
        guard let row = row(of: key), !titles[row].isEmpty else { return nil }
        return titles[row]
    }

    /// The training count of an item; 0 when it is not in the catalogue.
    package func trainingCount(of key: UInt64) -> UInt64 { row(of: key).map { counts[$0] } ?? 0 }
}

/// One line `item key \t training count \t title`.
private struct ItemLine {
    let key: UInt64
    let count: UInt64
    let title: String

    init(_ line: UnsafeRawBufferPointer) throws(LineProblem) {
        var fields = FieldCursor(line)
        key = try fields.key("an item key")
        let number = fields.next()
        guard let number, let value = decimalNumber(number), value >= 0, value < 0x1p53,
            value == value.rounded(.down)
        else { throw LineProblem(expected: "a training count after a tab", found: number) }
        count = UInt64(value)
        title = fields.next().map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
