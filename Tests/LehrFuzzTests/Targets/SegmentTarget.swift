import LehrCore
import LehrTable
import LehrTestSupport

@testable import LehrArtifact

/// The files of a table snapshot, without the hashes that nobody could guess.
enum SegmentTarget {
    static let target = FuzzTarget(name: "segment", inputBytesMax: 4096) { input in
        var reader = InputReader(input)
        switch reader.below(4) {
        case 0: try segment(reader.remainder())
        // With a header whose length is right, and with one that is right but for the lengths.
        case 1: try segment(enveloped(reader.remainder()))
        case 2: try segment(made(&reader))
        default: try manifest(reader.remainder())
        }
    }

    private static let formats = [1, 2].flatMap { words in
        NumberFormat.allCases.map { RowFormat(keyWords: words, numbers: $0) }
    }

    private static func segment(_ bytes: [UInt8]) throws {
        let file: SafetensorsFile
        do throws(ArtifactError) {
            file = try SafetensorsFile(file: MappedFile(path: "s", copying: bytes))
        } catch { return try named(error) }
        var accepted = 0
        for format in formats {
            var rows = RowColumns(format)
            do throws(ArtifactError) { try rows.read(file) } catch {
                try named(error)
                try require(rows == RowColumns(format), "rows are left of a segment with an error")
                continue
            }
            accepted += 1
            try rows.validate()
            try require(rows.byteCount <= bytes.count, "rows are longer than their file")
            try comeBack(rows)
        }
        try require(accepted <= 1, "a segment has \(accepted) formats")
    }

    /// An error says which file it is about.
    private static func named(_ error: ArtifactError) throws(FuzzFailure) {
        try require(error.description.hasPrefix("s: "), "an error without its file: \(error)")
    }

    private static func comeBack(_ rows: RowColumns) throws {
        let disk = MemoryDisk()
        let writer = try TableSnapshotWriter(target: "t", format: rows.format, files: disk)
        try writer.append(segment: rows)
        try writer.finish(
            description: SnapshotDescription(
                table: "t", spec: "", buckets: .init(first: 0, count: 1), appliedSteps: 0))
        let reader = try TableSnapshotReader.open("t", files: disk)
        try require(reader.rowCount == rows.rowCount, "rows are lost")
        try require(reader.segmentCount == (rows.isEmpty ? 0 : 1), "a segment too many")
        guard reader.segmentCount == 1 else { return }
        var again = RowColumns(rows.format)
        try reader.read(segment: 0, into: &again)
        try require(try bytes(again) == bytes(rows), "rows come back changed")
    }

    /// All columns as bytes, in which NaN is equal to itself.
    private static func bytes(_ rows: RowColumns) throws -> [[UInt8]] {
        let part = rows.parts(bytesMax: .max)[0]
        return try SegmentColumn.allCases.filter {
            $0 != .scales || rows.format.numbers.hasScale
        }.map { column in
            var bytes: [UInt8] = []
            try rows.write(column, of: part) { bytes += $0 }
            return bytes
        }
    }

    /// A file whose header is the text before the first 0, and whose data is what follows.
    private static func enveloped(_ bytes: [UInt8]) -> [UInt8] {
        let header = Array(bytes.prefix { $0 != 0 })
        let padding = [UInt8](repeating: 32, count: (8 - header.count % 8) % 8)
        return length(header.count + padding.count) + header + padding
            + bytes.dropFirst(header.count + 1)
    }

    /// A file of up to 15 rows and 255 values and states, whose columns are from the input.
    private static func made(_ reader: inout InputReader) throws -> [UInt8] {
        let format = formats[reader.below(formats.count)]
        let header = SafetensorsHeader(
            laying: SegmentColumn.tensors(
                format, rows: reader.below(16), values: Int(reader.byte()),
                states: Int(reader.byte())), metadata: [:])
        let size = header.entries.last?.range.upperBound ?? 0
        let data = reader.bytes(size)
        return try header.encoded(file: "s") + data
            + [UInt8](repeating: 0, count: size - data.count)
    }

    private static func length(_ count: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    }

    private static func manifest(_ bytes: [UInt8]) throws {
        let manifest: SnapshotManifest
        do throws(ArtifactError) {
            manifest = try SnapshotManifest.decode(bytes, path: "s")
        } catch {
            return try require(error.description.hasPrefix("s: "), "an error without its file")
        }
        let again = try SnapshotManifest.decode(manifest.encoded(path: "s"), path: "s")
        try require(again == manifest, "a manifest comes back changed")
    }
}
