/// Why rows cannot be put into a table.
package enum RestoreError: Error, Hashable, Sendable, CustomStringConvertible {
    case columns(String)
    /// The rows are of a table of another kind.
    case format(table: String, expected: RowFormat, found: RowFormat)
    case shape(table: String, key: UInt64, width: Int, stateCount: Int)
    /// A column has numbers that are not finite.
    case notFinite(table: String, column: String)
    case noRoom(table: String, restored: Int)

    package var description: String {
        switch self {
        case .columns(let problem): problem
        case .format(let table, let expected, let found):
            "table '\(table)' has keys of \(expected.keyWords) words and numbers of "
                + "\(expected.numbers.rawValue), but the rows have \(found.keyWords) and "
                + "\(found.numbers.rawValue); restore them to a table like theirs"
        case .shape(let table, let key, let width, let stateCount):
            "table '\(table)' has no rows of \(width) values and \(stateCount) floats of state, as "
                + "that of key \(key); restore them to a table of their dimension and optimizer"
        case .notFinite(let table, let column):
            "table '\(table)': column \(column) has values that are not finite numbers; the rows are "
                + "damaged: take them from another snapshot"
        case .noRoom(let table, let restored):
            "table '\(table)' has no room for more than \(restored) rows; raise its limit"
        }
    }
}

extension TablePartition {
    /// Adds those rows whose keys belong here, bit for bit, and passes over the others; returns how
    /// many. A row that is there already is replaced.
    ///
    /// All rows are checked first, so an error other than `noRoom` leaves the partition as it was.
    @discardableResult
    package func restore(_ columns: RowColumns) throws(RestoreError) -> Int {
        try check(columns)
        var restored = 0
        var (row, weight, state) = (0, 0, 0)
        while row < columns.rowCount {
            let (index, weightStart, stateStart) = (row, weight, state)
            columns.skip(&row, &weight, &state)
            askAhead(columns, index)
            let isTaken = withKey(columns, index) { key in
                guard belongsHere(store.keys.folded(key)) else { return Optional(false) }
                return put(columns, index, key, weightStart..<weight, stateStart..<state)
                    ? true : nil
            }
            guard let isTaken else { throw .noRoom(table: spec.name, restored: restored) }
            if isTaken { restored += 1 }
        }
        return restored
    }

    /// Rows between a key's bucket being asked for, its row, and their use.
    private static let lead = 8

    /// Has memory on its way that rows behind row `index` need: their cache misses would take longer than
    /// all else. (What a `RowPipeline` finds would be stale as soon as a row is put in front of it.)
    @inline(__always)
    private func askAhead(_ columns: RowColumns, _ index: Int) {
        if index + 2 * Self.lead < columns.rowCount {
            withKey(columns, index + 2 * Self.lead) { store.ask(for: store.keys.hash($0)) }
        }
        if index + Self.lead < columns.rowCount {
            withKey(columns, index + Self.lead) {
                store.askForRow(of: store.keys.hash($0), near: full.stride)
            }
        }
    }

    private func check(_ columns: RowColumns) throws(RestoreError) {
        guard columns.format == spec.rowFormat else {
            throw .format(table: spec.name, expected: spec.rowFormat, found: columns.format)
        }
        do throws(RowColumnsError) { try columns.validate() } catch { throw .columns("\(error)") }
        if let column = columns.columnNotFinite {
            throw .notFinite(table: spec.name, column: column)
        }
        for row in 0..<columns.rowCount where shape(columns, row) == nil {
            throw .shape(
                table: spec.name, key: columns.keys[row * columns.keyWords],
                width: Int(columns.widths[row]), stateCount: Int(columns.stateCounts[row]))
        }
    }

    /// The position of the shape that a row has.
    private func shape(_ columns: RowColumns, _ row: Int) -> Int? {
        store.shapes.firstIndex {
            $0.width == Int(columns.widths[row])
                && $0.optimizer.stateCount == Int(columns.stateCounts[row])
        }
    }

    private func withKey<Result>(
        _ columns: RowColumns, _ row: Int, _ body: (UnsafeRawPointer) -> Result
    ) -> Result {
        columns.keys.withUnsafeBytes { keys in
            body(keys.baseAddress.unsafelyUnwrapped + 8 * columns.keyWords * row)
        }
    }

    /// False when there is no room.
    private func put(
        _ columns: RowColumns, _ index: Int, _ key: UnsafeRawPointer, _ weight: Range<Int>,
        _ state: Range<Int>
    ) -> Bool {
        guard let position = shape(columns, index),
            let row = place(for: key, shape: position)
        else { return false }
        let shape = store.shapes[position]
        let header = row.header
        header.pointee.show = columns.shows[index]
        header.pointee.click = columns.clicks[index]
        header.pointee.lastSeen = columns.lastSeen[index]
        header.pointee.step = columns.steps[index]
        if columns.format.numbers.hasScale { header.pointee.scale = columns.scales[index] }
        columns.weights.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(start: row + shape.weightOffset, count: weight.count)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[weight]))
        }
        columns.states.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(start: row + shape.stateOffset, count: 4 * state.count)
                .copyMemory(
                    from: UnsafeRawBufferPointer(
                        rebasing: $0[4 * state.lowerBound..<4 * state.upperBound]))
        }
        zeroCount += zeros(of: row)
        return true
    }

    /// The row of a key, if it has this shape, or a new one in place of what there is; nil, and nothing
    /// has changed, when there is no room.
    private func place(for key: UnsafeRawPointer, shape: Int) -> RowPointer? {
        let hash = store.keys.hash(key)
        guard let (row, isNew) = store.findOrInsert(key, hash, shape: shape) else { return nil }
        if isNew { return row }
        if store.shape(of: row) == store.shapes[shape] {
            zeroCount -= zeros(of: row)
            store.willChange(row)
            return row
        }
        guard store.chunks.canTake(shape: shape) else { return nil }
        _ = remove(key)
        return store.findOrInsert(key, hash, shape: shape)?.row
    }
}
