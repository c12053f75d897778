import CLehrKernels

/// Finds the rows of a matrix with the largest inner product with a query, exactly, by scanning all
/// of them in tiles; four queries at a time read each tile once.
///
/// Of rows with equal scores the lower comes first. Rows whose score is NaN or minus infinity are
/// never found. A score is the same bits on every machine and however the queries are grouped.
/// Holds scratch memory: one scanner a thread.
package final class TopKScanner {
    /// Rows scored before their scores are looked at; 1,024 rows of 64 floats are 256 KiB.
    private static let tileRows = 1024
    /// Queries that read a tile together.
    private static let group = 4

    private let scores: UnsafeMutablePointer<Float>
    private let hits: UnsafeMutablePointer<UInt32>

    package init() {
        scores = .allocate(capacity: Self.group * Self.tileRows)
        hits = .allocate(capacity: Self.tileRows)
    }

    deinit {
        scores.deallocate()
        hits.deallocate()
    }

    /// The best `k` rows for one query, best first; fewer when there are fewer.
    ///
    /// `rows` is row-major, `dimension` floats a row; `query` holds `dimension` floats; `excluded`
    /// names rows in ascending order that are passed over.
    package func search(
        rows: UnsafeBufferPointer<Float>, dimension: Int, query: UnsafeBufferPointer<Float>,
        k: Int, excluded: [UInt32] = []
    ) -> [ScoredRow] {
        search(rows: rows, dimension: dimension, queries: query, k: k, excluded: [excluded])[0]
    }

    /// The best `k` rows for each of a number of queries, as if asked one by one.
    ///
    /// `queries` is row-major; `excluded` has an ascending list for each query, or is empty.
    package func search(
        rows: UnsafeBufferPointer<Float>, dimension: Int, queries: UnsafeBufferPointer<Float>,
        k: Int, excluded: [[UInt32]]
    ) -> [[ScoredRow]] {
        precondition(dimension > 0 && rows.count % dimension == 0, "rows are whole")
        precondition(queries.count % dimension == 0, "queries are whole")
        let queryCount = queries.count / dimension
        precondition(excluded.isEmpty || excluded.count == queryCount, "a list a query, or none")
        precondition(excluded.allSatisfy(isAscending), "excluded rows are in ascending order")
        guard k > 0, let base = rows.baseAddress, let queryBase = queries.baseAddress else {
            return [[ScoredRow]](repeating: [], count: queryCount)
        }
        var results: [[ScoredRow]] = []
        results.reserveCapacity(queryCount)
        var first = 0
        while first < queryCount {
            let count = queryCount - first >= Self.group ? Self.group : 1
            results += scan(
                Matrix(base: base, rowCount: rows.count / dimension, dimension: dimension),
                queries: queryBase + first * dimension, queryCount: count, k: k,
                excluded: excluded.isEmpty ? [] : Array(excluded[first..<first + count]))
            first += count
        }
        return results
    }

    private struct Matrix {
        let base: UnsafePointer<Float>
        let rowCount: Int
        let dimension: Int
    }

    /// Scans for one query or for a whole group.
    private func scan(
        _ matrix: Matrix, queries: UnsafePointer<Float>, queryCount: Int, k: Int,
        excluded: [[UInt32]]
    ) -> [[ScoredRow]] {
        var heaps = [TopKHeap](
            repeating: TopKHeap(limit: min(k, max(matrix.rowCount, 1))), count: queryCount)
        var passed = [Int](repeating: 0, count: queryCount)
        var start = 0
        while start < matrix.rowCount {
            let count = min(Self.tileRows, matrix.rowCount - start)
            let tile = matrix.base + start * matrix.dimension
            if queryCount == Self.group {
                lehr_dot_rows4(tile, count, matrix.dimension, queries, scores, Self.tileRows)
            } else {
                lehr_dot_rows(tile, count, matrix.dimension, queries, scores)
            }
            for query in 0..<queryCount {
                let scores = scores + query * Self.tileRows
                if !excluded.isEmpty {
                    passed[query] = mask(
                        scores, rows: start..<start + count, excluded: excluded[query],
                        from: passed[query])
                }
                let found = lehr_above(scores, count, heaps[query].threshold, hits)
                for hit in 0..<found {
                    let row = Int(hits[hit])
                    heaps[query].offer(
                        ScoredRow(row: UInt32(start + row), score: scores[row]))
                }
            }
            start += count
        }
        return heaps.map { $0.sorted() }
    }

    /// Makes the scores of excluded rows NaN, which is above nothing; returns how many of the list
    /// lie before the end of `rows`.
    private func mask(
        _ scores: UnsafeMutablePointer<Float>, rows: Range<Int>, excluded: [UInt32],
        from first: Int
    ) -> Int {
        var next = first
        while next < excluded.count, Int(excluded[next]) < rows.upperBound {
            scores[Int(excluded[next]) - rows.lowerBound] = .nan
            next += 1
        }
        return next
    }
}

private func isAscending(_ rows: [UInt32]) -> Bool {
    zip(rows, rows.dropFirst()).allSatisfy { $0 <= $1 }
}
