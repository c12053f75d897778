import LehrTable

extension RowColumns {
    /// Replaces all rows by those of a segment file of the same format, whose lengths are checked
    /// against each other. After an error there are no rows.
    mutating func read(_ file: SafetensorsFile) throws(ArtifactError) {
        removeAll(keepingCapacity: true)
        _ = try SegmentColumn.rowCount(file.tensors, format, file: file.path)
        for tensor in file.tensors {
            guard let column = SegmentColumn(rawValue: tensor.name) else { continue }
            let bytes = try file.bytes(tensor.name)
            switch column {
            case .keys: keys.append(packed: bytes)
            case .shows: shows.append(packed: bytes)
            case .clicks: clicks.append(packed: bytes)
            case .lastSeen: lastSeen.append(packed: bytes)
            case .steps: steps.append(packed: bytes)
            case .widths: widths.append(packed: bytes)
            case .weights: weights.append(packed: bytes)
            case .scales: scales.append(packed: bytes)
            case .stateCounts: stateCounts.append(packed: bytes)
            case .states: states.append(packed: bytes)
            }
        }
        do throws(RowColumnsError) { try validate() } catch {
            removeAll(keepingCapacity: true)
            throw .columns(file: file.path, problem: error)
        }
    }
}

extension Array where Element: BitwiseCopyable {
    /// Appends the elements in `bytes`, which are aligned and whole.
    fileprivate mutating func append(packed bytes: UnsafeRawBufferPointer) {
        append(contentsOf: bytes.assumingMemoryBound(to: Element.self))
    }
}
