/// One line of the pairs format.
struct PairLine: Equatable {
    let user: UInt64
    let item: UInt64

    init(_ line: UnsafeRawBufferPointer) throws(LineProblem) {
        var fields = FieldCursor(line)
        user = try fields.key("a user key")
        item = try fields.key("an item key after a tab")
    }
}

/// Parses a line of the candidates format: returns the user and appends the positive and then the
/// negatives to `items`.
func parseCandidates(
    _ line: UnsafeRawBufferPointer, into items: inout [UInt64]
) throws(LineProblem) -> UInt64 {
    var fields = FieldCursor(line)
    let user = try fields.key("a user key")
    items.append(try fields.key("a positive item key after a tab"))
    while let field = fields.next() {
        guard !field.isEmpty else {
            throw LineProblem(expected: "a negative item key", found: field)
        }
        items.append(fieldKey(field))
    }
    return user
}

/// Parses a line of the libsvm format: returns the label (0 or 1) and appends the features.
func parseLibsvm(
    _ line: UnsafeRawBufferPointer, keys: inout [UInt64], values: inout [Float]
) throws(LineProblem) -> Float {
    var words = WordCursor(line)
    let first = words.next()
    guard let first, let label = decimalNumber(first), label == -1 || label == 0 || label == 1
    else { throw LineProblem(expected: "a label -1, 0 or 1", found: first) }
    while let word = words.next() {
        var fields = FieldCursor(word, separator: UInt8(ascii: ":"))
        guard let index = fields.next(), !index.isEmpty, let number = fields.next(),
            let value = decimalNumber(number), Float(value).isFinite, fields.next() == nil
        else { throw LineProblem(expected: "index:value with a finite number", found: word) }
        keys.append(fieldKey(index))
        values.append(Float(value))
    }
    return label == 1 ? 1 : 0
}
