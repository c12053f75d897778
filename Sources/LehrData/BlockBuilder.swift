/// Collects parsed lines of one format into columns.
struct BlockBuilder {
    private let format: LineFormat
    private var count = 0
    private var users: [UInt64] = []
    /// Items or features, with their offsets where an example has any number of them.
    private var keys: [UInt64] = []
    private var offsets: [Int32] = [0]
    private var values: [Float] = []
    private var hasWeights = false
    private var labels: [Float] = []

    init(format: LineFormat) { self.format = format }

    /// Memory held so far.
    var byteCount: Int {
        (users.capacity + keys.capacity) * 8
            + (offsets.capacity + values.capacity + labels.capacity) * 4
    }

    /// Whether positions no longer fit the 32 bits that a column gives them.
    var isOverfull: Bool { keys.count > Int(Int32.max) }

    /// Parses and adds one line; a malformed one leaves no trace.
    mutating func append(_ line: UnsafeRawBufferPointer) throws(LineProblem) {
        let kept = keys.count
        do throws(LineProblem) {
            switch format {
            case .pairs:
                let pair = try PairLine(line)
                users.append(pair.user)
                keys.append(pair.item)
            case .candidates:
                users.append(try parseCandidates(line, into: &keys))
            case .libsvm:
                labels.append(try parseLibsvm(line, keys: &keys, values: &values))
                hasWeights = hasWeights || values[kept...].contains { $0 != 1 }
            }
        } catch {
            keys.removeLast(keys.count - kept)
            if format == .libsvm { values.removeLast(values.count - kept) }
            throw error
        }
        count += 1
        if format != .pairs { offsets.append(Int32(truncatingIfNeeded: keys.count)) }
    }

    consuming func finish(file: String, malformedCount: Int) -> Block {
        let names = format.columnNames
        let last = BlockColumn(
            name: names[names.count - 1], offsets: format == .pairs ? [] : offsets, keys: keys,
            values: hasWeights ? values : [])
        let user = BlockColumn(name: names[0], offsets: [], keys: users, values: [])
        return Block(
            file: file, count: count, columns: format == .libsvm ? [last] : [user, last],
            labels: labels, malformedCount: malformedCount)
    }
}
