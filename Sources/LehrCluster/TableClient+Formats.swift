import CLehrWire
import LehrMembership
import LehrTable
import LehrWire

/// Keys and rows in the formats of their table. Rows pass through a small buffer, block by block.
extension TableClient {
    /// Keys of the group's runs, in run order.
    static func keys(
        _ group: [FanOut.Target], _ keys: [UInt64], _ route: KeyRoute, _ arena: WireArena
    ) -> (Lehr__V1__KeyFormat, ProtobufCBinaryData) {
        let format = route.table.keyFormat
        let keyBytes = route.table.spec.storage.keyWidth.words * MemoryLayout<UInt64>.stride
        let write = { (target: UnsafeMutableRawBufferPointer) in
            keys.withUnsafeBytes {
                gather(group, route, rowBytes: keyBytes, from: $0, to: target)
            }
        }
        let count = rowCount(of: group, route)
        if format == .raw {
            return (.init(rawValue: format.wire), arena.bytes(count: count * keyBytes, write))
        }
        let raw = arena.elements(of: UInt64.self, count: count)
        write(UnsafeMutableRawBufferPointer(raw))
        var field = arena.bytes(count: DeltaKeys.byteCountMax(count))
        field.len = DeltaKeys.encode(
            UnsafeBufferPointer(raw),
            into: UnsafeMutableRawBufferPointer(start: field.data, count: field.len))
        return (.init(rawValue: format.wire), field)
    }

    /// Rows of gradients for the keys of the group's runs, in run order.
    static func gradients(
        _ group: [FanOut.Target], _ gradients: UnsafeBufferPointer<Float>, _ route: KeyRoute,
        _ arena: WireArena
    ) -> (Lehr__V1__NumberFormat, ProtobufCBinaryData) {
        let spec = route.table.spec
        let codec = RowCodec(spec.wire.gradients, dimension: spec.dimension)
        let field =
            codec.format == .float32
            ? gather(group, route, stride: codec.dimension, from: gradients, arena)
            : encode(gradients, codec, group, route, arena)
        return (.init(rawValue: codec.format.wire), field)
    }

    private static func encode(
        _ rows: UnsafeBufferPointer<Float>, _ codec: RowCodec, _ group: [FanOut.Target],
        _ route: KeyRoute, _ arena: WireArena
    ) -> ProtobufCBinaryData {
        let total = rowCount(of: group, route)
        let field = arena.bytes(count: codec.byteCount(rows: total))
        guard let source = rows.baseAddress else { return field }
        let message = UnsafeMutableRawBufferPointer(start: field.data, count: field.len)
        forEachBlock(of: group, route, codec) { positions, first, block in
            for (row, position) in positions.enumerated() {
                (block + row * codec.dimension).update(
                    from: source + Int(position) * codec.dimension, count: codec.dimension)
            }
            codec.encode(block, count: positions.count, at: first, of: total, into: message)
        }
        return field
    }

    /// Puts the rows of a message to where their keys stand in the request.
    static func decode(
        _ message: UnsafeRawBufferPointer, _ codec: RowCodec, _ group: [FanOut.Target],
        _ route: KeyRoute, to target: UnsafeMutablePointer<Float>
    ) {
        let total = rowCount(of: group, route)
        forEachBlock(of: group, route, codec) { positions, first, block in
            codec.decode(message, at: first, of: total, count: positions.count, into: block)
            for (row, position) in positions.enumerated() {
                (target + Int(position) * codec.dimension).update(
                    from: block + row * codec.dimension, count: codec.dimension)
            }
        }
    }

    /// Calls `body` with the positions of some keys in the request, where the first of them is in the
    /// message, and room for their rows.
    private static func forEachBlock(
        of group: [FanOut.Target], _ route: KeyRoute, _ codec: RowCodec,
        _ body: (ArraySlice<Int32>, Int, UnsafeMutablePointer<Float>) -> Void
    ) {
        let blockCount = codec.blockCount
        withUnsafeTemporaryAllocation(of: Float.self, capacity: blockCount * codec.dimension) {
            guard let block = $0.baseAddress else { return }
            var first = 0
            for target in group {
                let range = route.runs[target.run].range
                for start in stride(from: range.lowerBound, to: range.upperBound, by: blockCount) {
                    let end = min(start + blockCount, range.upperBound)
                    body(route.order[start..<end], first, block)
                    first += end - start
                }
            }
        }
    }
}
