import LehrArtifact
import LehrRetrieval

/// Answers which items suit a user, from the exported vectors of a two-tower model.
///
/// Immutable, so that any number of threads may ask at once.
package struct RecommendEngine: Sendable {
    private let users: VectorTable
    private let items: VectorTable
    private let itemCounts: [UInt64]
    /// Rows of items, those with the highest training count first; of equal ones the lower row.
    private let popularRows: [UInt32]
    private let titles: [UInt8]
    private let titleOffsets: [Int]
    private let seenItems: [Int32]
    private let seenOffsets: [Int]
    private let foldIn: FoldIn

    init(_ reader: ArtifactReader) throws(ModelLoadError) {
        typealias Layout = ExportLayout.TwoTower
        let tensors = ExportTensors(reader: reader)
        users = try VectorTable(
            tensors, segment: Layout.usersSegment, keys: Layout.userKeys,
            vectors: Layout.userVectors)
        items = try VectorTable(
            tensors, segment: Layout.itemsSegment, keys: Layout.itemKeys,
            vectors: Layout.itemVectors, dimension: users.dimension)
        let counts = try tensors.keys(
            Layout.itemCounts, segment: Layout.itemsSegment, count: items.count)
        titles = try tensors.elements(
            Layout.itemTitles, segment: Layout.itemsSegment, type: .u8, as: UInt8.self)
        titleOffsets = try tensors.offsets(
            Layout.itemTitleOffsets, segment: Layout.itemsSegment, count: items.count,
            length: titles.count)
        seenItems = try tensors.elements(
            Layout.seenItems, segment: Layout.seenSegment, type: .i32, as: Int32.self)
        seenOffsets = try tensors.offsets(
            Layout.seenOffsets, segment: Layout.seenSegment, count: users.count,
            length: seenItems.count)
        let itemRows = 0..<items.count
        guard seenItems.allSatisfy({ itemRows.contains(Int($0)) }) else {
            throw tensors.inconsistent(Layout.seenItems, "names a row that items do not have")
        }
        itemCounts = counts
        popularRows = itemRows.sorted { (counts[$1], $0) < (counts[$0], $1) }.map { UInt32($0) }
        foldIn = FoldIn(users: users)
    }

    package var userCount: Int { users.count }
    package var itemCount: Int { items.count }
    /// Floats of a vector.
    package var dimension: Int { users.dimension }

    /// The best items: by the user's vector, else by one made from the history, else the popular
    /// ones. Costs a scan of all items.
    package func recommend(_ query: RecommendQuery) -> Recommendation {
        precondition(query.k > 0, "at least one item is wanted")
        let user = query.user.flatMap { users.row(of: $0) }
        let history = query.history.compactMap { items.row(of: $0) }
        let excluded = excludedRows(query, user: user, history: history)
        if let user {
            return nearest(to: Array(users.vector(user)), query.k, excluded, source: .model)
        }
        if let vector = foldIn.vector(of: history, in: items) {
            return nearest(to: vector, query.k, excluded, source: .history)
        }
        return popular(query.k, excluding: excluded)
    }

    /// The same question answered by popularity alone: the baseline to compare with.
    package func popular(_ query: RecommendQuery) -> Recommendation {
        let user = query.user.flatMap { users.row(of: $0) }
        let history = query.history.compactMap { items.row(of: $0) }
        return popular(query.k, excluding: excludedRows(query, user: user, history: history))
    }

    /// Ascending rows of items that the answer must not have.
    private func excludedRows(
        _ query: RecommendQuery, user: UInt32?, history: [UInt32]
    ) -> [UInt32] {
        var excluded = query.exclude.compactMap { items.row(of: $0) }
        if query.excludeSeen {
            excluded += history
            if let user { excluded += seen(by: user) }
        }
        return excluded.sorted()
    }

    /// The scores of named items for a user, in their order: what `recommend` ranks by.
    ///
    /// For a user the model does not know these are training counts. An item it does not know
    /// scores minus infinity.
    package func scores(user: UInt64, items keys: [UInt64]) -> [Float] {
        var result = [Float](repeating: -.infinity, count: keys.count)
        var rows: [UInt32] = []
        var positions: [Int] = []
        for (position, key) in keys.enumerated() {
            guard let row = items.row(of: key) else { continue }
            rows.append(row)
            positions.append(position)
        }
        let known: [Float]
        if let user = users.row(of: user) {
            let query = Array(users.vector(user))
            known = items.vectors.withUnsafeBufferPointer { matrix in
                query.withUnsafeBufferPointer {
                    rowScores(rows: matrix, dimension: dimension, indices: rows, query: $0)
                }
            }
        } else {
            known = rows.map { Float(itemCounts[Int($0)]) }
        }
        for (position, score) in zip(positions, known) { result[position] = score }
        return result
    }

    private func nearest(
        to vector: [Float], _ k: Int, _ excluded: [UInt32], source: Recommendation.Source
    ) -> Recommendation {
        let found = items.vectors.withUnsafeBufferPointer { rows in
            vector.withUnsafeBufferPointer { query in
                TopKScanner().search(
                    rows: rows, dimension: dimension, query: query, k: k, excluded: excluded)
            }
        }
        return Recommendation(source: source, items: found.map { item($0.row, $0.score) })
    }

    private func popular(_ k: Int, excluding excluded: [UInt32]) -> Recommendation {
        let excluded = Set(excluded)
        let rows = popularRows.lazy.filter { !excluded.contains($0) }.prefix(k)
        return Recommendation(
            source: .popular, items: rows.map { item($0, Float(itemCounts[Int($0)])) })
    }

    private func item(_ row: UInt32, _ score: Float) -> Recommendation.Item {
        let row = Int(row)
        let title = titles[titleOffsets[row]..<titleOffsets[row + 1]]
        return Recommendation.Item(
            key: items.keys[row], title: String(decoding: title, as: UTF8.self), score: score)
    }

    private func seen(by user: UInt32) -> [UInt32] {
        let range = seenOffsets[Int(user)]..<seenOffsets[Int(user) + 1]
        return seenItems[range].map { UInt32($0) }
    }
}
