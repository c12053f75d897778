extension TableSpec {
    /// Bytes that a row of full width takes of its shard's memory: header, weight, optimizer state and
    /// padding, and its entry in the index when the index is at its largest.
    package var rowBytes: Double {
        Double(RowShape(width: dimension, spec: self).stride) + Self.indexBytes
    }

    /// Of an entry, right after most segments have split.
    private static let indexBytes = 18.5
}
