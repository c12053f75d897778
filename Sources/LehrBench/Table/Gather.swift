import CLehrKernels

/// The least that a pull could cost: rows whose addresses are known, copied one behind the other.
///
/// The fastest loop that was found: the lines of a row are asked for 24 rows ahead (16 to 32 are as
/// good), and 64 bytes are copied by registers.
enum Gather {
    private static let distance = 24
    private static let weightOffset = 32

    /// Copies the weights of 16 floats, and touches nothing else of the rows.
    static func weights(_ rows: [UnsafeMutableRawPointer], into output: inout [Float]) {
        gather(rows, from: weightOffset, &output)
    }

    /// Copies the weights, and looks at the keys in front of them, as any exact search has to once it
    /// has found a row.
    static func weightsAndKeys(_ rows: [UnsafeMutableRawPointer], into output: inout [Float]) {
        gather(rows, from: 0, &output)
    }

    /// As `weightsAndKeys`, for rows whose addresses are read from other lines first: what a
    /// search costs that reads one line of an index and then the row, without its rules.
    ///
    /// - Parameter places: where each row's address is.
    static func throughLines(_ places: [UnsafeMutableRawPointer], into output: inout [Float]) {
        let count = places.count
        precondition(output.count >= 16 * count, "room for each row")
        var rows = [UnsafeMutableRawPointer?](repeating: nil, count: count)
        rows.withUnsafeMutableBufferPointer { rows in
            output.withUnsafeMutableBytes { output in
                guard let output = output.baseAddress else { return }
                var keys: UInt64 = 0
                for i in 0..<count &+ 2 &* distance {
                    if i < count { lehr_prefetch(places[i]) }
                    let found = i &- distance
                    if found >= 0, found < count {
                        let row = places[found].load(as: UnsafeMutableRawPointer.self)
                        rows[found] = row
                        lehr_prefetch(row)
                        lehr_prefetch(row + 64)
                    }
                    let read = found &- distance
                    guard read >= 0, let row = rows[read] else { continue }
                    keys ^= row.load(as: UInt64.self)
                    output.storeBytes(
                        of: row.loadUnaligned(
                            fromByteOffset: weightOffset, as: SIMD16<Float>.self),
                        toByteOffset: 64 &* read, as: SIMD16<Float>.self)
                }
                if keys == 1 { output.storeBytes(of: 0, as: UInt8.self) }
            }
        }
    }

    @inline(__always)
    private static func gather(
        _ rows: [UnsafeMutableRawPointer], from first: Int, _ output: inout [Float]
    ) {
        let end = weightOffset + 60
        let count = rows.count
        precondition(output.count >= 16 * count, "room for each row")
        rows.withUnsafeBufferPointer { rows in
            output.withUnsafeMutableBytes { output in
                guard let rows = rows.baseAddress, let output = output.baseAddress else { return }
                var keys: UInt64 = 0
                for i in 0..<count {
                    if i &+ distance < count {
                        let ahead = rows[i &+ distance]
                        lehr_prefetch(ahead + first)
                        lehr_prefetch(ahead + end)
                    }
                    let row = rows[i]
                    if first == 0 { keys ^= row.load(as: UInt64.self) }
                    output.storeBytes(
                        of: row.loadUnaligned(
                            fromByteOffset: weightOffset, as: SIMD16<Float>.self),
                        toByteOffset: 64 &* i, as: SIMD16<Float>.self)
                }
                if first == 0, keys == 1 { output.storeBytes(of: 0, as: UInt8.self) }
            }
        }
    }
}
