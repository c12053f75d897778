package import LehrCore

/// The rows of one table whose keys fall in one run of buckets.
///
/// Owned by one core and used by it alone: no locks. All calls take a whole batch. Keys are given in
/// any order; rows are `spec.dimension` floats each, in the order of their keys. The caller checks
/// the keys of a request with `firstKeyOutside` before it lets any partition apply a part of it.
package final class TablePartition {
    package let spec: TableSpec
    package let range: BucketRange
    package internal(set) var counters = TableCounters()
    /// Pushes applied, other than empty ones; learning-rate schedules and lazy Adam go by it.
    package internal(set) var pushCount: UInt64 = 0 { didSet { step = newKernel.step(pushCount) } }
    /// The next push, for the kernels.
    private(set) var step: OptimizerKernel.Step
    /// Floats of existing rows' weights that are exactly zero, where the optimizer makes such (by `l1`
    /// or FTRL); otherwise 0.
    package internal(set) var zeroCount = 0

    let initial: InitialRow
    let values: RowValues
    /// Of new rows.
    let template: RowTemplate
    /// By shape, as in the store.
    let kernels: [OptimizerKernel]
    /// That of new rows, and that of full ones.
    let (newKernel, fullKernel): (OptimizerKernel, OptimizerKernel)
    /// The shape of full rows.
    let full: RowShape
    /// Values in the weight of a row that is created.
    let newWidth: Int
    /// Whether every row has all values of its weight, as f32: the common case.
    let isPlain: Bool
    /// Whether weights that are exactly zero are counted.
    let countsZeros: Bool
    var store: RowStore
    /// Where the search for the least important rows goes on: a place among all.
    var retireCursor = 0
    /// Scans under way: while there are any, no row moves that a push could leave where it is.
    package var scanCount = 0

    /// An empty partition; refuses a spec that `TableSpec.validate` refuses.
    ///
    /// - Parameter pool: the memory of the core that owns the partition.
    package init(
        spec: TableSpec, range: BucketRange, limits: PartitionLimits = PartitionLimits(),
        pool: BlockPool = BlockPool()
    ) throws(TableSpecError) {
        try spec.validate()
        self.spec = spec
        self.range = range
        initial = InitialRow(spec: spec)
        store = RowStore(
            spec: spec, prefixBits: Self.prefixBits(spec, range), limits: limits, pool: pool)
        full = store.shapes[store.fullShape]
        newWidth = store.shapes[0].width
        isPlain = spec.storage.numbers == .float32 && spec.storage.narrow == nil
        kernels = store.shapes.map { OptimizerKernel(optimizer: spec.optimizer, shape: $0) }
        (newKernel, fullKernel) = (kernels[0], kernels[kernels.count - 1])
        step = newKernel.step(0)
        countsZeros = newKernel.countsZeros
        values = RowValues(
            numbers: spec.storage.numbers, dimension: spec.dimension,
            weightOffset: store.shapes[0].weightOffset)
        template = Self.template(spec, store.shapes[0], initial, values, newKernel)
    }

    private static func template(
        _ spec: TableSpec, _ shape: RowShape, _ initial: InitialRow, _ values: RowValues,
        _ kernel: OptimizerKernel
    ) -> RowTemplate {
        RowTemplate(shape: shape) { row in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: spec.dimension) { weight in
                guard let weight = weight.baseAddress else { return }
                initial.fill(key: 0, into: weight)
                values.write(weight, width: shape.width, into: row)
                kernel.initializeState(of: row, weight: weight)
            }
        }
    }

    /// Upper bits of the hash that all keys share.
    private static func prefixBits(_ spec: TableSpec, _ range: BucketRange) -> Int {
        spec.keys == .hashed ? 16 - range.count.trailingZeroBitCount : 0
    }

    package var rowCount: Int { store.rowCount }
    /// Bytes taken from the core's memory, whether they hold rows yet or not.
    package var bytesReserved: Int { store.bytesReserved }
    /// Bytes of rows and index in use.
    package var bytesUsed: Int { store.bytesUsed }

    /// Bytes of a row of full width.
    package var rowBytes: Int { full.stride }

    @inline(__always)
    func width(of row: RowPointer) -> Int {
        row.header.pointee.flags.contains(.narrow) ? newWidth : spec.dimension
    }

    /// The position of the first key that does not belong here, or nil when all do.
    package func firstKeyOutside(_ keys: PackedElements<UInt64>) -> Int? {
        let words = spec.storage.keyWidth.words
        guard let start = keys.start else { return nil }
        for position in 0..<keys.count / words
        where !belongsHere(store.keys.folded(start + 8 * words * position)) {
            return position
        }
        return nil
    }

    /// Whether a folded key is one of this partition.
    @inline(__always)
    func belongsHere(_ key: UInt64) -> Bool {
        switch spec.keys {
        case .hashed: range.contains(UInt32(truncatingIfNeeded: mixed(key) >> 48))
        // `KeySpace.bucket` clamps a row beyond the end; such a key is nobody's.
        case .rows(let count): key < count && range.contains(spec.keys.bucket(of: key))
        }
    }
}

// MARK: - For measurements

extension TablePartition {
    /// Where the row of a 64-bit key is, until the partition changes.
    package func address(of key: UInt64) -> UnsafeMutableRawPointer? {
        withUnsafePointer(to: key) { store.find($0) }
    }

    /// Bytes of the index in use.
    package var indexBytesUsed: Int { store.index.bytesUsed }

    /// Applies gradients to full rows at these addresses: the kernel, and nothing besides.
    package func applyKernel(to rows: [UnsafeMutableRawPointer], gradients: [Float]) {
        withUnsafeTemporaryAllocation(of: RowPointer?.self, capacity: rows.count) { pointers in
            for (i, row) in rows.enumerated() { pointers.initializeElement(at: i, to: row) }
            gradients.withUnsafeBytes { gradients in
                guard let start = gradients.baseAddress else { return }
                _ = fullKernel.apply(
                    to: UnsafeBufferPointer(pointers), weights: nil, gradients: start,
                    gradientStride: 4 * spec.dimension, shows: nil, step: step)
            }
        }
    }
}
