/// The first line of a table, `name:type \t name:type ...`: where each named column is.
struct TypedHeader: Equatable {
    let names: [String]

    init(_ line: UnsafeRawBufferPointer) {
        var fields = FieldCursor(line)
        var names: [String] = []
        while let field = fields.next() {
            names.append(String(decoding: field.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self))
        }
        self.names = names
    }

    /// The position of a column that the file must have.
    func position(of name: String) throws(LineProblem) -> Int {
        guard let position = names.firstIndex(of: name) else {
            throw LineProblem(
                expected: "a header with a column \(name)",
                foundText: "the columns " + names.prefix(20).joined(separator: ", "))
        }
        return position
    }
}

/// The fields of a line by position.
struct FieldList {
    private var fields: [UnsafeRawBufferPointer] = []

    /// Takes a line apart, reusing the memory of the line before.
    mutating func split(_ line: UnsafeRawBufferPointer) {
        fields.removeAll(keepingCapacity: true)
        var cursor = FieldCursor(line)
        while let field = cursor.next() { fields.append(field) }
    }

    /// Field `position`, which must be there and not be empty.
    func required(_ position: Int, _ expected: String) throws(LineProblem) -> UnsafeRawBufferPointer
    {
        guard position < fields.count, !fields[position].isEmpty else {
            throw LineProblem(
                expected: expected, found: position < fields.count ? fields[position] : nil)
        }
        return fields[position]
    }

    func optional(_ position: Int?) -> UnsafeRawBufferPointer? {
        guard let position, position < fields.count, !fields[position].isEmpty else { return nil }
        return fields[position]
    }
}
