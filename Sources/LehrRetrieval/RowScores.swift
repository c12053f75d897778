import CLehrKernels

/// The inner products of `query` with the named rows of a matrix, in their order, the same bits as
/// a scan gives.
///
/// `rows` is row-major, `dimension` floats a row; each of `indices` is below the row count.
package func rowScores(
    rows: UnsafeBufferPointer<Float>, dimension: Int, indices: [UInt32],
    query: UnsafeBufferPointer<Float>
) -> [Float] {
    precondition(dimension > 0 && rows.count % dimension == 0, "rows are whole")
    precondition(query.count == dimension, "a query has the rows' dimension")
    let rowCount = rows.count / dimension
    precondition(indices.allSatisfy { Int($0) < rowCount }, "indices name rows")
    return [Float](unsafeUninitializedCapacity: indices.count) { scores, initialized in
        lehr_dot_gather(
            rows.baseAddress, indices, indices.count, dimension, query.baseAddress,
            scores.baseAddress)
        initialized = indices.count
    }
}
