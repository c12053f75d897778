import CLehrWire
import LehrCluster
import LehrCore
import LehrTable
import LehrWire

/// What is not as it should be used is decoded into the request's arena.
extension TableSlice {
    init(
        pull wire: borrowing Wire.TablePull, _ keyWidth: KeyWidth, _ arena: WireArena
    ) throws(ShardRefusal) {
        let runs = Self.runs(wire.n_partitions, wire.partitions)
        self.init(
            table: TableID(wire.table), runs: runs,
            keys: try Self.keys(
                wire.keys, wire.key_format.rawValue, keyWidth, runs, wire.table, arena),
            keyWidth: keyWidth,
            rowFormat: try Self.format(wire.row_format.rawValue, wire.table))
    }

    init(
        push wire: borrowing Wire.TablePush, _ keyWidth: KeyWidth, _ arena: WireArena
    ) throws(ShardRefusal) {
        let runs = Self.runs(wire.n_partitions, wire.partitions)
        let keys = try Self.keys(
            wire.keys, wire.key_format.rawValue, keyWidth, runs, wire.table, arena)
        self.init(
            table: TableID(wire.table), runs: runs, keys: keys, keyWidth: keyWidth,
            gradients: try Self.gradients(
                wire.gradients, try Self.format(wire.gradient_format.rawValue, wire.table),
                count: keys.count / keyWidth.words, wire.table, arena),
            shows: try Self.packed(wire.shows, "shows", wire.table),
            clicks: try Self.packed(wire.clicks, "clicks", wire.table))
    }

    static func slices(
        of push: borrowing Wire.PushRequest, _ shard: ShardCore, _ arena: WireArena
    ) throws(ShardRefusal) -> [TableSlice] {
        var slices: [TableSlice] = []
        for table in each(push.n_tables, push.tables) {
            slices.append(
                try TableSlice(push: table, shard.keyWidth(of: TableID(table.table)), arena))
        }
        return slices
    }

    static func slices(
        of pull: borrowing Wire.PullRequest, _ shard: ShardCore, _ arena: WireArena
    ) throws(ShardRefusal) -> [TableSlice] {
        var slices: [TableSlice] = []
        for table in each(pull.n_tables, pull.tables) {
            slices.append(
                try TableSlice(pull: table, shard.keyWidth(of: TableID(table.table)), arena))
        }
        return slices
    }

    private static func format(
        _ wire: UInt32, _ table: UInt32
    ) throws(ShardRefusal) -> NumberFormat {
        guard let format = NumberFormat(wire: wire) else {
            throw .malformed("table \(table): no format of numbers is \(wire)")
        }
        return format
    }

    private static func keys(
        _ field: ProtobufCBinaryData, _ format: UInt32, _ width: KeyWidth, _ runs: [Run],
        _ table: UInt32, _ arena: WireArena
    ) throws(ShardRefusal) -> PackedElements<UInt64> {
        switch KeyFormat(wire: format) {
        case .raw:
            let keys: PackedElements<UInt64> = try packed(field, "keys", table)
            guard keys.count % width.words == 0 else {
                throw .malformed(
                    "table \(table): keys are \(field.len) bytes, not a whole number of 16-byte "
                        + "values")
            }
            return keys
        case .delta:
            guard width == .bits64 else {
                throw .malformed(
                    "table \(table): keys of 128 bits do not come as differences; send them raw")
            }
            let packed: DeltaKeys
            do throws(DeltaKeysError) {
                packed = try DeltaKeys(
                    field.buffer, countMax: runs.reduce(0) { $0 + $1.keyCount })
            } catch { throw .malformed("table \(table): \(error)") }
            let keys = arena.elements(of: UInt64.self, count: packed.count)
            packed.decode(into: keys)
            return PackedElements(UnsafeBufferPointer(keys))
        case nil: throw .malformed("table \(table): no format of keys is \(format)")
        }
    }

    /// A row for each of `count` keys, of as many numbers as their bytes make.
    private static func gradients(
        _ field: ProtobufCBinaryData, _ format: NumberFormat, count: Int, _ table: UInt32,
        _ arena: WireArena
    ) throws(ShardRefusal) -> PackedElements<Float> {
        if format == .float32 { return try packed(field, "gradients", table) }
        if count == 0, field.len == 0 { return PackedElements() }
        guard count > 0, field.len % count == 0,
            let dimension = format.dimension(rowBytes: field.len / count), dimension > 0
        else {
            throw .malformed(
                "table \(table): gradients are \(field.len) bytes, not \(count) rows of "
                    + "\(format.rawValue)")
        }
        let numbers = arena.elements(of: Float.self, count: count * dimension)
        if let start = numbers.baseAddress {
            RowCodec(format, dimension: dimension).decode(
                field.buffer, at: 0, of: count, count: count, into: start)
        }
        return PackedElements(UnsafeBufferPointer(numbers))
    }

    private static func runs(
        _ count: Int, _ pointer: UnsafeMutablePointer<UnsafeMutablePointer<Wire.PartitionRef>?>?
    ) -> [Run] {
        guard let pointer else { return [] }
        // Not by `each`: a call may have thousands of partitions, and that is generic.
        var runs: [Run] = []
        runs.reserveCapacity(count)
        for index in 0..<count {
            guard let reference = pointer[index]?.pointee else { continue }
            runs.append(
                Run(
                    partition: reference.index,
                    incarnation: PartitionIncarnation(reference.incarnation),
                    keyCount: Int(reference.key_count)))
        }
        return runs
    }

    private static func packed<Element: BitwiseCopyable>(
        _ field: ProtobufCBinaryData, _ name: String, _ table: UInt32
    ) throws(ShardRefusal) -> PackedElements<Element> {
        guard let elements = field.elements(of: Element.self) else {
            throw .malformed(
                "table \(table): \(name) are \(field.len) bytes, not a whole number of "
                    + "\(MemoryLayout<Element>.stride)-byte values")
        }
        return elements
    }
}

extension StepStatus {
    var wire: UInt32 {
        switch self {
        case .none: 0
        case .staged: 1
        case .committed: 2
        }
    }
}

extension PartitionStatistics {
    func fill(_ wire: inout Wire.PartitionStatistics) {
        wire.table = partition.table.value
        wire.partition = partition.index
        wire.incarnation = incarnation.value
        wire.rows = UInt64(rows)
        wire.bytes_used = UInt64(bytesUsed)
        wire.bytes_reserved = UInt64(bytesReserved)
        wire.batches_applied = batchesApplied
        wire.batches_repeated = batchesRepeated
        wire.rows_pushed = rowsPushed
        wire.rows_refused = rowsRefused
        wire.rows_refused_at_limit = rowsRefusedAtLimit
        wire.rows_retired = rowsRetired
        wire.rows_widened = rowsWidened
        wire.zero_weights = UInt64(zeroWeights)
        wire.rows_pulled = rowsPulled
    }
}

extension MemoryStatistics {
    func fill(_ wire: inout Wire.MemoryStatistics) {
        wire.bytes_limit = UInt64(bytesLimit ?? 0)
        wire.bytes_reserved = UInt64(bytesReserved)
        wire.bytes_used = UInt64(bytesUsed)
        wire.pages_unprepared = pagesUnprepared
    }
}
