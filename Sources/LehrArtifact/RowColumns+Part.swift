import LehrTable

extension RowColumns {
    /// Consecutive rows, and where their weights (in bytes) and states are.
    struct Part: Equatable {
        var rows: Range<Int>
        var weights: Range<Int>
        var states: Range<Int>
    }

    /// All rows, cut into parts whose columns have at most `bytesMax` bytes; a row is never cut.
    func parts(bytesMax: Int) -> [Part] {
        guard byteCount > bytesMax else {
            return [
                Part(rows: 0..<rowCount, weights: 0..<weights.count, states: 0..<states.count)
            ]
        }
        let rowBytes = Self.rowBytes(format)
        var parts: [Part] = []
        var part = Part(rows: 0..<0, weights: 0..<0, states: 0..<0)
        var (row, weight, state) = (0, 0, 0)
        while row < rowCount {
            skip(&row, &weight, &state)
            let bytes =
                rowBytes * (row - part.rows.lowerBound) + weight - part.weights.lowerBound
                + 4 * (state - part.states.lowerBound)
            if bytes > bytesMax, !part.rows.isEmpty {
                parts.append(part)
                part = Part(
                    rows: part.rows.upperBound..<row, weights: part.weights.upperBound..<weight,
                    states: part.states.upperBound..<state)
            } else {
                part.rows = part.rows.lowerBound..<row
                part.weights = part.weights.lowerBound..<weight
                part.states = part.states.lowerBound..<state
            }
        }
        return parts + [part]
    }

    func tensors(of part: Part) -> [TensorInfo] {
        SegmentColumn.tensors(
            format, rows: part.rows.count, values: part.weights.count / format.numbers.valueBytes,
            states: part.states.count)
    }

    /// The bytes of a column of `part`, as they are in a segment file.
    func write(
        _ column: SegmentColumn, of part: Part,
        _ body: (UnsafeRawBufferPointer) throws(ArtifactError) -> Void
    ) throws(ArtifactError) {
        let rows = part.rows
        switch column {
        case .keys:
            try bytes(keys, rows.lowerBound * keyWords..<rows.upperBound * keyWords, body)
        case .shows: try bytes(shows, rows, body)
        case .clicks: try bytes(clicks, rows, body)
        case .lastSeen: try bytes(lastSeen, rows, body)
        case .steps: try bytes(steps, rows, body)
        case .widths: try bytes(widths, rows, body)
        case .weights: try bytes(weights, part.weights, body)
        case .scales: try bytes(scales, rows, body)
        case .stateCounts: try bytes(stateCounts, rows, body)
        case .states: try bytes(states, part.states, body)
        }
    }

    private func bytes<Element: BitwiseCopyable>(
        _ column: [Element], _ range: Range<Int>,
        _ body: (UnsafeRawBufferPointer) throws(ArtifactError) -> Void
    ) throws(ArtifactError) {
        let stride = MemoryLayout<Element>.stride
        try column.span.withUnsafeBytes { (raw) throws(ArtifactError) in
            try body(
                UnsafeRawBufferPointer(
                    rebasing: raw[range.lowerBound * stride..<range.upperBound * stride]))
        }
    }
}
