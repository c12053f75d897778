import LehrCore
import Testing

@testable import LehrTable

/// A partition beside a dictionary that does the same, and a source of random operations for both.
///
/// The rule is AdaGrad, every float by itself in the order of operations that `Adagrad` promises.
struct TableModel {
    struct Row: Equatable {
        var weight: [Float]
        var sums: [Float]
        var show: Float = 0
        var click: Float = 0
        var lastSeen: UInt32 = 0
    }

    /// The words of a key.
    typealias Key = [UInt64]

    let spec: TableSpec
    let limits: PartitionLimits
    let keyCount: Int
    private(set) var partition: TablePartition
    private(set) var rows: [Key: Row] = [:]
    private(set) var operations = 0
    private(set) var snapshotsCompared = 0
    private(set) var restorations = 0
    private var random: RandomSource
    private var now: UInt32 = 0
    /// The rows at the beginning of the snapshot under way, and those that came from it.
    private var atSnapshot: [Key: Row]?
    private var fromSnapshot: RowColumns

    init(spec: TableSpec, limits: PartitionLimits, keyCount: Int, seed: UInt64) throws {
        self.spec = spec
        self.limits = limits
        self.keyCount = keyCount
        random = RandomSource(seed: seed)
        fromSnapshot = RowColumns(spec.rowFormat)
        partition = try TablePartition(spec: spec, range: wholeRange, limits: limits)
    }

    mutating func step() throws {
        now += 1
        switch random.below(20) {
        case 0..<9: push()
        case 9..<13: pull()
        case 13: remove(share: random.below(8) == 0 ? 2 : 40)
        case 14: retire()
        case 15: for _ in 0..<8 { partition.compact(rowLimit: 100) }
        case 16: try beginSnapshot()
        case 17, 18: try takeImages()
        default: try checkCounts()
        }
    }

    // MARK: - Operations

    private mutating func push() {
        let keys = (0..<random.below(300)).map { _ in randomKey() }
        let gradients = (0..<keys.count * spec.dimension).map { _ in random.uniform() - 0.5 }
        // A push without counts takes another way, and adds none.
        let hasCounts = random.below(3) > 0
        let shows = keys.map { _ in hasCounts ? Float(random.below(3)) : 0 }
        let clicks = shows.map { $0 > 0 && random.below(4) == 0 ? Float(1) : 0 }
        let retired = partition.counters.retired
        let outcome = partition.push(
            keys.flatMap { $0 }, gradients, shows: hasCounts ? shows : nil,
            clicks: hasCounts ? clicks : nil, now: now)
        operations += keys.count
        if partition.counters.retired > retired { return resynchronise(after: keys) }
        var refused = 0
        for (i, key) in keys.enumerated() {
            guard rows[key] != nil || rows.count < limits.rows else {
                refused += 1
                continue
            }
            apply(
                key, Array(gradients[i * spec.dimension..<(i + 1) * spec.dimension]), shows[i],
                clicks[i])
        }
        #expect(outcome.refusedAtLimit == refused)
        #expect(outcome.applied == keys.count - refused)
    }

    private mutating func apply(_ key: Key, _ gradient: [Float], _ show: Float, _ click: Float) {
        var row = rows[key] ?? newRow(key)
        row.show += show
        row.click += click
        row.lastSeen = now
        if let narrow = spec.storage.narrow, row.weight.count < spec.dimension,
            row.show >= narrow.untilShows
        {
            row.weight += initial(key)[narrow.width...].map { stored($0) }
            row.sums += [Float](repeating: 0.1, count: spec.dimension - narrow.width)
        }
        for i in row.weight.indices {
            row.sums[i] += gradient[i] * gradient[i]
            row.weight[i] -=
                spec.optimizer.learningRate * gradient[i] / row.sums[i].squareRoot()
            row.weight[i] = stored(row.weight[i])
        }
        rows[key] = row
    }

    private func newRow(_ key: Key) -> Row {
        let width = spec.storage.narrow?.width ?? spec.dimension
        return Row(
            weight: initial(key)[..<width].map { stored($0) },
            sums: [Float](repeating: 0.1, count: width))
    }

    /// A value as it is after having been kept in a row: rounded to the nearest bf16, ties to even.
    private func stored(_ value: Float) -> Float {
        guard spec.storage.numbers == .bfloat16 else { return value }
        let bits = value.bitPattern
        return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
    }

    private func initial(_ key: Key) -> [Float] {
        let folded = key.count == 1 ? key[0] : foldedKey(key[0], key[1])
        return InitialRow(spec: spec).row(folded, dimension: spec.dimension)
    }

    private mutating func pull() {
        let keys = (0..<random.below(400)).map { _ in randomKey() }
        #expect(bits(partition.pull(keys.flatMap { $0 })) == bits(keys.flatMap { values($0) }))
        operations += keys.count
    }

    private mutating func remove(share: Int) {
        let keys = rows.keys.sorted { $0.lexicographicallyPrecedes($1) }
            .filter { _ in random.below(share) == 0 }
        #expect(partition.removeKeys(keys.flatMap { $0 }) == keys.count)
        for key in keys { rows[key] = nil }
        operations += keys.count
    }

    private mutating func retire() {
        let before = partition.counters.retired
        let retired = partition.retireSlice()
        #expect(partition.counters.retired == before + UInt64(retired))
        let left = Set(actualRows().keys)
        let gone = rows.keys.filter { !left.contains($0) }
        #expect(gone.count == retired)
        for key in gone { rows[key] = nil }
        operations += retired
    }

    /// Which rows a push retires to make room is the partition's choice; what it keeps must be right.
    private mutating func resynchronise(after keys: [Key]) {
        let actual = actualRows()
        #expect(actual.count <= limits.rows)
        let pushed = Set(keys)
        for (key, row) in actual where !pushed.contains(key) { #expect(rows[key] == row) }
        rows = actual
    }

    // MARK: - Snapshots

    private mutating func beginSnapshot() throws {
        if atSnapshot != nil, random.below(2) == 0 { partition.abandonSnapshot() }
        partition.beginSnapshot()
        atSnapshot = rows
        fromSnapshot = RowColumns(spec.rowFormat)
    }

    private mutating func takeImages() throws {
        for _ in 0..<random.below(30) {
            guard let expected = atSnapshot else { return }
            guard let images = partition.nextImages(byteLimit: 8 << 10) else {
                #expect(!partition.hasLostSnapshot)
                snapshotsCompared += 1
                atSnapshot = nil
                return try restore(expected)
            }
            images.appendColumns(to: &fromSnapshot)
        }
    }

    /// Loads a whole snapshot into two halves of a table, and sometimes goes on with one restored
    /// from those.
    private mutating func restore(_ expected: [Key: Row]) throws {
        #expect(fromSnapshot.rowCount == expected.count, "a row was saved twice, or not at all")
        var halves: [Key: Row] = [:]
        let whole = try TablePartition(spec: spec, range: wholeRange, limits: limits)
        for range in BucketRange.even(bits: 1) {
            let half = try TablePartition(spec: spec, range: range, limits: limits)
            try half.restore(fromSnapshot)
            halves.merge(rows(of: half)) { _, _ in
                Issue.record("a row is in both halves")
                return Row(weight: [], sums: [])
            }
            half.beginSnapshot()
            while let images = half.nextImages(byteLimit: 1 << 20) {
                try whole.restore(images.columns(spec.rowFormat))
            }
        }
        #expect(halves == expected)
        #expect(rows(of: whole) == expected)
        guard random.below(3) == 0 else { return }
        restorations += 1
        whole.counters = partition.counters
        partition = whole
        rows = expected
    }

    // MARK: - Comparison

    private func checkCounts() throws {
        #expect(partition.rowCount == rows.count)
        #expect(partition.store.chunks.rowCount == rows.count)
        #expect(partition.bytesUsed <= partition.bytesReserved)
    }

    mutating func checkEverything() throws {
        try checkCounts()
        #expect(actualRows() == rows)
        let keys = rows.keys.flatMap { $0 }
        #expect(bits(partition.pull(keys)) == bits(rows.keys.flatMap { values($0) }))
        while atSnapshot != nil { try takeImages() }
    }

    private func values(_ key: Key) -> [Float] {
        // A key without a row reads as it was drawn, not as it would be kept.
        let weight =
            rows[key]?.weight
            ?? Array(initial(key)[..<(spec.storage.narrow?.width ?? spec.dimension)])
        return weight + [Float](repeating: 0, count: spec.dimension - weight.count)
    }

    private func actualRows() -> [Key: Row] { rows(of: partition) }

    private func rows(of partition: TablePartition) -> [Key: Row] {
        var actual: [Key: Row] = [:]
        let store = partition.store.shapes
        _ = partition.store.chunks.visit(from: 0, limit: .max) { _, row in
            let isNarrow = row.header.pointee.flags.contains(.narrow)
            let (key, value) = decode(row, isNarrow ? store[0] : store[store.count - 1])
            actual[key] = value
        }
        return actual
    }

    private func decode(_ row: RowPointer, _ shape: RowShape) -> (Key, Row) {
        let header = row.loadUnaligned(as: RowHeader.self)
        let key =
            spec.storage.keyWidth == .bits64
            ? [header.key] : [header.key, row.loadUnaligned(fromByteOffset: 32, as: UInt64.self)]
        let sums = (0..<shape.width).map {
            row.loadUnaligned(fromByteOffset: shape.stateOffset + 4 * $0, as: Float.self)
        }
        var weight = [Float](repeating: 0, count: spec.dimension)
        weight.withUnsafeMutableBufferPointer { weight in
            guard let start = weight.baseAddress else { return }
            partition.values.read(row, width: shape.width, into: start)
        }
        return (
            key,
            Row(
                weight: Array(weight[..<shape.width]), sums: sums,
                show: header.show, click: header.click, lastSeen: header.lastSeen)
        )
    }

    private mutating func randomKey() -> Key {
        let number = UInt64(random.below(random.below(3) == 0 ? 1 + keyCount / 50 : keyCount))
        guard spec.storage.keyWidth == .bits128 else { return [number] }
        // Pairs of keys that differ in one word only.
        return [number / 2, number % 2 == 0 ? 0 : .max]
    }
}
