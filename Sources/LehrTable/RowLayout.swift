/// The fixed part of a row, 24 bytes at its start.
struct RowHeader {
    var key: UInt64
    /// Sum of the pushed shows; a 32-bit float counts ones exactly up to 2^24.
    var show: Float
    var click: Float
    /// The stamp of the last push.
    var lastSeen: UInt32
    /// Pushes that changed the row, for Adam's bias correction; stops at its largest value.
    var step: UInt32
}

/// Where the parts of a row lie, in bytes from its start.
///
/// `RowHeader`, 8 bytes unused so that the weight is aligned to 32, weight, optimizer state, and
/// padding to whole cache lines, so that a row never touches a line more than it must.
struct RowLayout: Hashable, Sendable {
    static let weightOffset = 32
    static let cacheLine = 64

    /// Floats in the weight.
    let dimension: Int
    let optimizer: OptimizerLayout
    let stateOffset: Int
    /// Bytes from one row to the next.
    let stride: Int

    init(spec: TableSpec) {
        let optimizer = OptimizerLayout(rule: spec.optimizer.rule, dimension: spec.dimension)
        let floatBytes = MemoryLayout<Float>.size
        let stateOffset = Self.weightOffset + spec.dimension * floatBytes
        let used = stateOffset + optimizer.stateCount * floatBytes
        self.dimension = spec.dimension
        self.optimizer = optimizer
        self.stateOffset = stateOffset
        self.stride = (used + Self.cacheLine - 1) / Self.cacheLine * Self.cacheLine
    }

    /// Bytes of a weight, or of a gradient.
    var weightBytes: Int { stateOffset - Self.weightOffset }

    static func header(of row: UnsafeMutableRawPointer) -> UnsafeMutablePointer<RowHeader> {
        row.assumingMemoryBound(to: RowHeader.self)
    }

    static func weight(of row: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
        (row + weightOffset).assumingMemoryBound(to: Float.self)
    }
}
