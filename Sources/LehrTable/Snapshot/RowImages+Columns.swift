extension RowImages {
    /// The rows column by column, as files have them.
    package func columns(_ format: RowFormat) -> RowColumns {
        var columns = RowColumns(format)
        appendColumns(to: &columns)
        return columns
    }

    package func appendColumns(to columns: inout RowColumns) {
        let isWide = columns.format.keyWords == 2
        forEach { header, start, shape in
            let high =
                isWide
                ? start.loadUnaligned(fromByteOffset: RowShape.highKeyOffset, as: UInt64.self) : 0
            columns.append(
                key: header.key, high: high, shows: header.show, clicks: header.click,
                lastSeen: header.lastSeen, steps: header.step,
                weight: UnsafeRawBufferPointer(
                    start: start + shape.weightOffset, count: shape.weightBytes),
                scale: header.scale,
                state: UnsafeBufferPointer(
                    start: (start + shape.stateOffset).assumingMemoryBound(to: Float.self),
                    count: shape.optimizer.stateCount))
        }
    }
}

extension TableSpec {
    /// How this table's rows are as columns.
    package var rowFormat: RowFormat {
        RowFormat(keyWords: storage.keyWidth.words, numbers: storage.numbers)
    }
}
