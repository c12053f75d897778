import CLehrWire
import LehrCore
import LehrTable
import LehrWire

extension PartitionChunk {
    /// Checks only what `TablePartition.take` does not: lengths of what is packed.
    init(wire: borrowing Wire.PartitionChunk, _ format: RowFormat) throws(ShardRefusal) {
        var rows = RowColumns(format)
        rows.keys = try Self.numbers(wire.keys, "keys")
        rows.shows = try Self.numbers(wire.shows, "shows")
        rows.clicks = try Self.numbers(wire.clicks, "clicks")
        rows.lastSeen = try Self.numbers(wire.last_seen, "last_seen")
        rows.steps = try Self.numbers(wire.steps, "steps")
        rows.widths = try Self.numbers(wire.widths, "widths")
        rows.weights = try Self.numbers(wire.weights, "weights")
        rows.scales = try Self.numbers(wire.scales, "scales")
        rows.stateCounts = try Self.numbers(wire.state_counts, "state_counts")
        rows.states = try Self.numbers(wire.states, "states")
        moved = MovedRows(rows: rows)
        moved.removed = try Self.numbers(wire.removed, "removed")
        guard moved.removed.count % format.keyWords == 0 else {
            throw .malformed("removed: \(moved.removed.count) words are no whole keys")
        }
        stamp = wire.now
        if let memory = wire.memory { self.memory = try PartitionRecord(wire: memory.pointee) }
    }

    func fill(_ wire: inout Wire.PartitionChunk, _ arena: WireArena) {
        let rows = moved.rows
        wire.keys = arena.bytes(copying: rows.keys)
        wire.shows = arena.bytes(copying: rows.shows)
        wire.clicks = arena.bytes(copying: rows.clicks)
        wire.last_seen = arena.bytes(copying: rows.lastSeen)
        wire.steps = arena.bytes(copying: rows.steps)
        wire.widths = arena.bytes(copying: rows.widths)
        wire.weights = arena.bytes(copying: rows.weights)
        wire.scales = arena.bytes(copying: rows.scales)
        wire.state_counts = arena.bytes(copying: rows.stateCounts)
        wire.states = arena.bytes(copying: rows.states)
        wire.removed = arena.bytes(copying: moved.removed)
        wire.now = stamp
        wire.memory = memory.map { memory in
            arena.make(Wire.PartitionRecord.self) { memory.fill(&$0, $1) }
        }
    }

    fileprivate static func numbers<Number: BitwiseCopyable>(
        _ bytes: ProtobufCBinaryData, _ name: String
    ) throws(ShardRefusal) -> [Number] {
        guard bytes.len % MemoryLayout<Number>.stride == 0 else {
            throw .malformed("\(name): \(bytes.len) bytes are no whole numbers")
        }
        return PackedElements<Number>(
            start: bytes.data, count: bytes.len / MemoryLayout<Number>.stride
        ).copied()
    }
}

extension PartitionRecord {
    fileprivate init(wire: borrowing Wire.PartitionRecord) throws(ShardRefusal) {
        var parts: [PartMemory] = []
        for part in each(wire.n_parts, wire.parts) {
            parts.append(
                PartMemory(
                    part: part.part, floor: part.floor,
                    bits: try PartitionChunk.numbers(part.applied, "applied")))
        }
        var seen = AppliedSet.Counters()
        seen.applied = wire.batches_applied
        seen.duplicates = wire.batches_repeated
        seen.exhausted = wire.batches_exhausted
        guard
            let applied = AppliedSet(partFloor: wire.part_floor, counters: seen, parts: parts),
            let counters = TableCounters(
                Array(UnsafeBufferPointer(start: wire.counters, count: wire.n_counters)))
        else { throw .malformed("what the partition remembers contradicts itself") }
        self.init(
            generation: wire.generation, applied: applied, rowsPushed: wire.rows_pushed,
            pushCount: wire.pushes, counters: counters,
            attempts: each(wire.n_attempts, wire.attempts).map {
                Attempt(part: $0.part, attempt: $0.attempt)
            })
    }

    fileprivate func fill(_ wire: inout Wire.PartitionRecord, _ arena: WireArena) {
        wire.generation = generation
        wire.pushes = pushCount
        wire.rows_pushed = rowsPushed
        wire.part_floor = applied.partFloor
        (wire.n_parts, wire.parts) = arena.list(applied.parts) {
            $1.part = $0.part
            $1.floor = $0.floor
            $1.applied = $2.bytes(copying: $0.bits)
        }
        wire.batches_applied = applied.counters.applied
        wire.batches_repeated = applied.counters.duplicates
        wire.batches_exhausted = applied.counters.exhausted
        (wire.n_counters, wire.counters) = arena.numbers(counters.numbers)
        (wire.n_attempts, wire.attempts) = arena.list(attempts) {
            $1.part = $0.part
            $1.attempt = $0.attempt
            _ = $2
        }
    }
}
