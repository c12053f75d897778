import CLehrWire
import LehrCluster
import LehrCore
import LehrTable
import LehrWire

/// A push request, valid until a test changes it.
struct PushFields {
    struct Run {
        var partition: UInt32
        var incarnation: UInt64
        var keyCount: UInt32
    }

    struct Slice {
        var table: UInt32 = 1
        var runs: [Run]
        var keys: [UInt64]
        var gradients: [Float]
        var shows: [Float] = []
        /// Cut off the end of the keys' bytes.
        var missingKeyBytes = 0
        /// And off the end of the gradients'.
        var missingGradientBytes = 0
        var format = WireFormat()
        /// Numbers to send for the formats in their place.
        var formatNumbers: (rows: UInt32, gradients: UInt32, keys: UInt32)?

        func keyField(_ arena: WireArena) -> ProtobufCBinaryData {
            var bytes = keys.withUnsafeBytes { [UInt8]($0) }
            if format.keys == .delta {
                bytes = [UInt8](repeating: 0, count: DeltaKeys.byteCountMax(keys.count))
                let count = bytes.withUnsafeMutableBytes { bytes in
                    keys.withUnsafeBufferPointer { DeltaKeys.encode($0, into: bytes) }
                }
                bytes.removeLast(bytes.count - count)
            }
            return arena.bytes(copying: Array(bytes.dropLast(missingKeyBytes)))
        }

        func gradientField(_ arena: WireArena) -> ProtobufCBinaryData {
            if format.gradients == .float32 { return arena.bytes(copying: gradients) }
            let codec = RowCodec(format.gradients, dimension: table == 1 ? 2 : 3)
            let count = gradients.count / codec.dimension
            var bytes = [UInt8](repeating: 0, count: codec.byteCount(rows: count))
            bytes.withUnsafeMutableBytes {
                codec.encode(gradients, count: count, at: 0, of: count, into: $0)
            }
            return arena.bytes(copying: Array(bytes.dropLast(missingGradientBytes)))
        }

        var wireFormats: (rows: UInt32, gradients: UInt32, keys: UInt32) {
            formatNumbers ?? (format.rows.wire, format.gradients.wire, format.keys.wire)
        }
    }

    var cluster = ShardScene.cluster
    var hasIdentity = true
    var job: UInt64 = 1
    var generation: UInt32 = 1
    var part: UInt32 = 0
    var batch: UInt64 = 0
    var floor: UInt64 = 0
    var attempt: UInt32 = 1
    var isStaged = false
    var slices: [Slice] = []

    /// One key of each of the first two partitions of table 1, with gradients of 1.
    init(batch: UInt64 = 0, isStaged: Bool = false) {
        self.batch = batch
        self.isStaged = isStaged
        slices = [
            Slice(
                runs: [
                    Run(partition: 0, incarnation: 100, keyCount: 1),
                    Run(partition: 1, incarnation: 101, keyCount: 1),
                ], keys: ShardScene.keys(1, of: 0) + ShardScene.keys(1, of: 1),
                gradients: [1, 1, 1, 1])
        ]
    }

    var encoded: [UInt8] {
        Wire.PushRequest.encode { request, arena in
            request.cluster_id = cluster
            request.stage = isStaged ? 1 : 0
            if hasIdentity {
                request.identity = arena.make(Wire.PushIdentity.self) { identity, _ in
                    (identity.job, identity.generation) = (job, generation)
                    (identity.part, identity.batch, identity.floor) = (part, batch, floor)
                    identity.attempt = attempt
                }
            }
            (request.n_tables, request.tables) = arena.list(slices) { slice, table, arena in
                table.table = slice.table
                (table.n_partitions, table.partitions) = arena.list(slice.runs) { run, wire, _ in
                    wire.index = run.partition
                    wire.incarnation = run.incarnation
                    wire.key_count = run.keyCount
                }
                table.keys = slice.keyField(arena)
                table.gradients = slice.gradientField(arena)
                table.key_format = .init(rawValue: slice.wireFormats.keys)
                table.gradient_format = .init(rawValue: slice.wireFormats.gradients)
                table.shows = arena.bytes(copying: slice.shows)
            }
        }
    }
}

/// A pull of the same rows.
struct PullFields {
    var cluster = ShardScene.cluster
    var slices: [PushFields.Slice] = PushFields().slices

    var encoded: [UInt8] {
        Wire.PullRequest.encode { request, arena in
            request.cluster_id = cluster
            (request.n_tables, request.tables) = arena.list(slices) { slice, table, arena in
                table.table = slice.table
                (table.n_partitions, table.partitions) = arena.list(slice.runs) { run, wire, _ in
                    wire.index = run.partition
                    wire.incarnation = run.incarnation
                    wire.key_count = run.keyCount
                }
                table.keys = slice.keyField(arena)
                table.key_format = .init(rawValue: slice.wireFormats.keys)
                table.row_format = .init(rawValue: slice.wireFormats.rows)
            }
        }
    }
}
