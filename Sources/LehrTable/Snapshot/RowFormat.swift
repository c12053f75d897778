/// What all rows of a table have in common as columns.
package struct RowFormat: Sendable, Hashable, Codable {
    /// 64-bit words of a key: 1, or 2 (the low word first).
    package let keyWords: Int
    package let numbers: NumberFormat

    package init(keyWords: Int = 1, numbers: NumberFormat = .float32) {
        precondition(Self.keyWordsAllowed.contains(keyWords), "a key has one or two words")
        self.keyWords = keyWords
        self.numbers = numbers
    }

    package static let keyWordsAllowed = 1...2
}
