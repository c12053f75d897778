extension RowChunks {
    /// The chunk to be emptied next, and its shape's rows moved into other chunks' free places; nil
    /// when there is nothing to gain.
    ///
    /// A shape's chunks are emptied, the emptiest first, while a quarter of its places are free and
    /// the others have room for the chunk's rows.
    mutating func chunkToEmpty() -> Int? {
        if let leaving { return leaving }
        for shape in heads.indices {
            let free = freePlaces(shape)
            guard 4 * free > heads[shape].capacity else { continue }
            let candidates = chunks.indices.filter {
                chunks[$0].base != nil && chunks[$0].shape == shape && $0 != openings[shape].number
            }
            guard let emptiest = candidates.min(by: { fill($0) < fill($1) }),
                fill(emptiest) < 0.75, free >= chunks[emptiest].capacity
            else { continue }
            leaving = emptiest
            leavingCursor = UInt64(RowAddresses.location(chunk: emptiest, offset: 0))
            unlist(emptiest)
            return emptiest
        }
        return nil
    }

    mutating func unlist(_ number: Int) {
        guard chunks[number].isListed else { return }
        chunks.at(number).pointee.isListed = false
        heads[chunks[number].shape].withFree.removeAll { $0 == number }
    }

    /// Places of a shape that hold no row.
    func freePlaces(_ shape: Int) -> Int { heads[shape].capacity - openings[shape].live }

    private func fill(_ number: Int) -> Double {
        Double(chunks[number].live) / Double(chunks[number].capacity)
    }

    /// Up to `limit` rows of the chunk to be emptied with their locations; none when few of the places
    /// looked at hold rows, and then there may be more.
    mutating func rowsToMove(of number: Int, limit: Int) -> [(UInt32, RowPointer)] {
        let live = chunks[number].live
        guard live > 0 else { return [] }
        var rows: [(UInt32, RowPointer)] = []
        rows.reserveCapacity(limit)
        let next = visit(
            from: leavingCursor, limit: Swift.min(limit, live), placeLimit: Self.placeLimit
        ) {
            rows.append(($0, $1))
        }
        leavingCursor = next ?? leavingCursor
        return rows
    }

    /// Places looked at in one slice: each is a cache miss.
    private static let placeLimit = 1024

    /// Lets a chunk that was to be emptied take rows again.
    mutating func keep(_ number: Int) {
        leaving = nil
        list(number)
    }

    /// Gives back a chunk without rows.
    mutating func release(_ number: Int) {
        precondition(chunks[number].live == 0, "a chunk with rows stays")
        guard let base = chunks[number].base else { return }
        let shape = chunks[number].shape
        heads[shape].capacity -= chunks[number].capacity
        unlist(number)
        if leaving == number { leaving = nil }
        precondition(openings[shape].number != number, "new rows go to a chunk that stays")
        source.give(base, chunks[number].byteCount)
        chunks[number] = Chunk(base: nil, byteCount: 0, capacity: 0, shape: shape)
        freeNumbers.append(number)
    }
}
