extension RowChunks {
    /// Places that hold a row or held one.
    var openedPlaces: Int { chunks.indices.reduce(0) { $0 + chunks[$1].opened } }

    /// The location of place `index`, of `openedPlaces`, counted through all chunks.
    func location(ofPlace index: Int) -> UInt64 {
        var left = index
        for number in chunks.indices {
            let chunk = chunks[number]
            if left < chunk.opened {
                return UInt64(
                    RowAddresses.location(
                        chunk: number, offset: left * shapes[chunk.shape].stride))
            }
            left -= chunk.opened
        }
        return 0
    }

    /// Calls `body` with up to `limit` rows from location `start` on, in the order of their places, and
    /// looks at no more than `placeLimit` places; returns the location to go on from, or nil after
    /// the last row.
    func visit(
        from start: UInt64, limit: Int, placeLimit: Int = .max,
        _ body: (UInt32, RowPointer) -> Void
    ) -> UInt64? {
        var number = Int(clamping: start >> UInt64(RowAddresses.offsetBits))
        let first = Int(start & (1 << UInt64(RowAddresses.offsetBits) - 1)) * RowShape.alignment
        var left = limit
        var places = placeLimit
        while number < chunks.count {
            let chunk = chunks[number]
            let stride = shapes[chunk.shape].stride
            var offset = start >> UInt64(RowAddresses.offsetBits) == UInt64(number) ? first : 0
            // A place given by a stranger may be in the middle of a row.
            offset = (offset + stride - 1) / stride * stride
            while chunk.live > 0, offset < chunk.opened * stride, let base = chunk.base {
                let row = base + offset
                let location = RowAddresses.location(chunk: number, offset: offset)
                guard places > 0 else { return UInt64(location) }
                places -= 1
                if row.header.pointee.flags.contains(.live) {
                    guard left > 0 else { return UInt64(location) }
                    body(location, row)
                    left -= 1
                }
                offset += stride
            }
            number += 1
        }
        return nil
    }
}
