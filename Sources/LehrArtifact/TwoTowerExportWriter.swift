/// Writes the tensors of a two-tower export in the names and shapes of `ExportLayout.TwoTower`.
///
/// Users and items come in any number of calls, each a batch; a row is numbered by its position.
package final class TwoTowerExportWriter {
    private let dimension: Int
    private let userKeys: TensorWriter
    private let userVectors: TensorWriter
    private let itemKeys: TensorWriter
    private let itemVectors: TensorWriter
    private let itemCounts: TensorWriter
    private let titles: TensorWriter
    private let titleOffsets: TensorWriter
    private let seenItems: TensorWriter
    private let seenOffsets: TensorWriter

    /// Starts all tensors in `writer`, whose `finish` then completes the export.
    package init(_ writer: ArtifactWriter, dimension: Int) throws(ArtifactError) {
        typealias Layout = ExportLayout.TwoTower
        self.dimension = dimension
        let (users, items, seen) = (
            Layout.usersSegment, Layout.itemsSegment, Layout.seenSegment
        )
        userKeys = try writer.tensor(Layout.userKeys, segment: users, type: .u64)
        userVectors = try writer.tensor(
            Layout.userVectors, segment: users, type: .f32, rowShape: [dimension])
        itemKeys = try writer.tensor(Layout.itemKeys, segment: items, type: .u64)
        itemVectors = try writer.tensor(
            Layout.itemVectors, segment: items, type: .f32, rowShape: [dimension])
        itemCounts = try writer.tensor(Layout.itemCounts, segment: items, type: .u64)
        titles = try writer.tensor(Layout.itemTitles, segment: items, type: .u8)
        titleOffsets = try writer.tensor(Layout.itemTitleOffsets, segment: items, type: .u64)
        seenItems = try writer.tensor(Layout.seenItems, segment: seen, type: .i32)
        seenOffsets = try writer.tensor(Layout.seenOffsets, segment: seen, type: .u64)
        try titleOffsets.append(keys: [0])
        try seenOffsets.append(keys: [0])
    }

    /// Appends users: `vectors` has `dimension` floats a user, `seen` the rows of the items that
    /// each has seen.
    package func appendUsers(
        keys: [UInt64], vectors: [Float], seen: [[Int32]]
    ) throws(ArtifactError) {
        precondition(vectors.count == keys.count * dimension, "a vector a user")
        precondition(seen.count == keys.count, "a list of items a user")
        try userKeys.append(keys: keys)
        try userVectors.append(floats: vectors)
        var end = UInt64(seenItems.rowCount)
        var offsets: [UInt64] = []
        var rows: [Int32] = []
        for list in seen {
            end += UInt64(list.count)
            offsets.append(end)
            rows += list
        }
        try rows.span.withUnsafeBytes { (raw) throws(ArtifactError) in try seenItems.append(raw) }
        try seenOffsets.append(keys: offsets)
    }

    /// Appends items: `vectors` has `dimension` floats an item; a title may be empty.
    package func appendItems(
        keys: [UInt64], vectors: [Float], counts: [UInt64], titles texts: [String]
    ) throws(ArtifactError) {
        precondition(vectors.count == keys.count * dimension, "a vector an item")
        precondition(
            counts.count == keys.count && texts.count == keys.count, "a count and a title an item")
        try itemKeys.append(keys: keys)
        try itemVectors.append(floats: vectors)
        try itemCounts.append(keys: counts)
        var end = UInt64(titles.rowCount)
        var offsets: [UInt64] = []
        var bytes: [UInt8] = []
        for text in texts {
            bytes += text.utf8
            end += UInt64(text.utf8.count)
            offsets.append(end)
        }
        try bytes.span.withUnsafeBytes { (raw) throws(ArtifactError) in try titles.append(raw) }
        try titleOffsets.append(keys: offsets)
    }
}
