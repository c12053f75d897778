import CLehrKernels

/// The fixed part of a row, 32 bytes at its start.
struct RowHeader {
    var key: UInt64
    /// Sum of the pushed shows; a 32-bit float counts ones exactly up to 2^24.
    var show: Float
    var click: Float
    /// The stamp of the last push.
    var lastSeen: UInt32
    /// Pushes that changed the row, for Adam's bias correction; stops at its largest value.
    var step: UInt32
    /// The snapshot for which this row was last saved, or during which it was made.
    var epoch: UInt16
    var flags: RowFlags
    /// What the values of an int8 row are multiples of; otherwise 0.
    var scale: Float
}

struct RowFlags: OptionSet {
    let rawValue: UInt16

    /// The place holds a row; otherwise it is free, and its key is the next free place's location.
    static let live = RowFlags(rawValue: 1)
    /// The row has the narrow shape.
    static let narrow = RowFlags(rawValue: 2)
    /// The row was sent to a copy as it is.
    static let sent = RowFlags(rawValue: 4)
}

/// Where the parts of a row of one width lie, in bytes from its start.
///
/// `RowHeader`, in tables of 128-bit keys the upper half of the key, weight, optimizer state, and
/// padding to a multiple of 32. A row whose size is an odd multiple of 32 starts in the middle of
/// every second cache line and still touches no line more than it would otherwise.
struct RowShape: Hashable, Sendable {
    static let headerBytes = MemoryLayout<RowHeader>.size
    static let alignment = 32
    /// The upper half of a 128-bit key.
    static let highKeyOffset = headerBytes

    /// Values in the weight.
    let width: Int
    let numbers: NumberFormat
    let weightOffset: Int
    let stateOffset: Int
    let optimizer: OptimizerLayout
    /// Bytes from one row to the next.
    let stride: Int

    init(width: Int, spec: TableSpec) {
        let weightOffset = Self.headerBytes + 8 * (spec.storage.keyWidth.words - 1)
        let weightEnd = weightOffset + width * spec.storage.numbers.valueBytes
        // Weights of fewer bytes may end anywhere; the state's floats are aligned.
        let stateOffset = (weightEnd + 3) / 4 * 4
        let optimizer = OptimizerLayout(rule: spec.optimizer.rule, width: width)
        let used = stateOffset + optimizer.stateCount * MemoryLayout<Float>.size
        self.width = width
        numbers = spec.storage.numbers
        self.weightOffset = weightOffset
        self.stateOffset = stateOffset
        self.optimizer = optimizer
        stride = (used + Self.alignment - 1) / Self.alignment * Self.alignment
    }

    /// Bytes of a weight in the row.
    var weightBytes: Int { width * numbers.valueBytes }
}

typealias RowPointer = UnsafeMutableRawPointer

extension RowPointer {
    /// The fixed part of the row here.
    @inline(__always)
    var header: UnsafeMutablePointer<RowHeader> { assumingMemoryBound(to: RowHeader.self) }

    @inline(__always)
    func floats(at offset: Int) -> UnsafeMutablePointer<Float> {
        (self + offset).assumingMemoryBound(to: Float.self)
    }

    /// Asks for the first `near` bytes of the row here.
    @inline(__always)
    func prefetch(_ near: Int) {
        lehr_prefetch(self)
        var line = 64
        while line < near {
            lehr_prefetch(self + line)
            line &+= 64
        }
    }
}
