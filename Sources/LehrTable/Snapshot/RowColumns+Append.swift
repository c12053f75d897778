extension RowColumns {
    /// Appends a row: its weight's values as `format.numbers`, and its optimizer's state.
    ///
    /// - Parameters:
    ///   - high: the second word of a key that has two.
    ///   - scale: of a row whose numbers have one.
    package mutating func append(
        key: UInt64, high: UInt64 = 0, shows: Float, clicks: Float, lastSeen: UInt32,
        steps: UInt32, weight: UnsafeRawBufferPointer, scale: Float = 1,
        state: UnsafeBufferPointer<Float>
    ) {
        let width = weight.count / format.numbers.valueBytes
        precondition(width * format.numbers.valueBytes == weight.count, "a weight is whole values")
        keys.append(key)
        if format.keyWords == 2 { keys.append(high) }
        self.shows.append(shows)
        self.clicks.append(clicks)
        self.lastSeen.append(lastSeen)
        self.steps.append(steps)
        widths.append(UInt16(width))
        weights.append(contentsOf: weight.assumingMemoryBound(to: UInt8.self))
        if format.numbers.hasScale { scales.append(scale) }
        stateCounts.append(UInt16(state.count))
        states.append(contentsOf: state)
    }

    /// Appends all rows of `other`, which has the same format.
    package mutating func append(_ other: RowColumns) {
        precondition(other.format == format, "rows of one format")
        keys += other.keys
        shows += other.shows
        clicks += other.clicks
        lastSeen += other.lastSeen
        steps += other.steps
        widths += other.widths
        weights += other.weights
        scales += other.scales
        stateCounts += other.stateCounts
        states += other.states
    }

    /// Appends the rows of `other` at `rows`, which ascend; `other` is valid and has the same format.
    package mutating func append(_ other: RowColumns, at rows: [Int]) {
        precondition(other.format == format, "rows of one format")
        var (next, weight, state) = (0, 0, 0)
        for row in rows {
            precondition(next <= row && row < other.rowCount, "rows ascend, and are there")
            while next < row { other.skip(&next, &weight, &state) }
            let (weightStart, stateStart) = (weight, state)
            other.skip(&next, &weight, &state)
            keys += other.keys[row * keyWords..<(row + 1) * keyWords]
            shows.append(other.shows[row])
            clicks.append(other.clicks[row])
            lastSeen.append(other.lastSeen[row])
            steps.append(other.steps[row])
            widths.append(other.widths[row])
            weights += other.weights[weightStart..<weight]
            if format.numbers.hasScale { scales.append(other.scales[row]) }
            stateCounts.append(other.stateCounts[row])
            states += other.states[stateStart..<state]
        }
    }

    /// Goes one row on: its number, and where its weight (in bytes) and state begin.
    package func skip(_ row: inout Int, _ weight: inout Int, _ state: inout Int) {
        weight += Int(widths[row]) * format.numbers.valueBytes
        state += Int(stateCounts[row])
        row += 1
    }
}
