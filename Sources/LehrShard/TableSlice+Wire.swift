import CLehrWire
import LehrCore
import LehrTable
import LehrWire

extension TableSlice {
    init(pull wire: borrowing Wire.TablePull) throws(ShardRefusal) {
        self.init(
            table: TableID(wire.table), runs: Self.runs(wire.n_partitions, wire.partitions),
            keys: try Self.packed(wire.keys, "keys", wire.table))
    }

    init(push wire: borrowing Wire.TablePush) throws(ShardRefusal) {
        self.init(
            table: TableID(wire.table), runs: Self.runs(wire.n_partitions, wire.partitions),
            keys: try Self.packed(wire.keys, "keys", wire.table),
            gradients: try Self.packed(wire.gradients, "gradients", wire.table),
            shows: try Self.packed(wire.shows, "shows", wire.table),
            clicks: try Self.packed(wire.clicks, "clicks", wire.table))
    }

    static func slices(of push: borrowing Wire.PushRequest) throws(ShardRefusal) -> [TableSlice] {
        var slices: [TableSlice] = []
        for table in each(push.n_tables, push.tables) { slices.append(try TableSlice(push: table)) }
        return slices
    }

    private static func runs(
        _ count: Int, _ pointer: UnsafeMutablePointer<UnsafeMutablePointer<Wire.PartitionRef>?>?
    ) -> [Run] {
        each(count, pointer).map {
            Run(
                partition: $0.index, incarnation: PartitionIncarnation($0.incarnation),
                keyCount: Int($0.key_count))
        }
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
    }
}
