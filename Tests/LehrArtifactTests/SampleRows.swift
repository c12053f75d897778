import LehrCore
import LehrTable

@testable import LehrArtifact

/// Rows and snapshots to test with.
enum Sample {
    static let formats = [1, 2].flatMap { words in
        NumberFormat.allCases.map { RowFormat(keyWords: words, numbers: $0) }
    }

    static let description = SnapshotDescription(
        table: "user", spec: "name: user\nseed: 7\n", buckets: .init(first: 4096, count: 512),
        appliedSteps: .max, metadata: ["note": "é/\"\n\u{0}"])

    /// Rows of widths 0 to 8 with states of 0 to 2 floats a value, and distinct keys.
    static func rows(_ format: RowFormat, _ count: Int, seed: UInt64 = 1) -> RowColumns {
        var random = RandomSource(seed: seed)
        var rows = RowColumns(format)
        for _ in 0..<count {
            let width = random.below(9)
            let weight = (0..<width * format.numbers.valueBytes).map { _ in
                UInt8(random.below(256))
            }
            let state = (0..<width * random.below(3)).map { _ in random.uniform() }
            weight.withUnsafeBytes { weight in
                state.withUnsafeBufferPointer { state in
                    rows.append(
                        key: random.next(), high: random.next(), shows: random.uniform(),
                        clicks: random.uniform(), lastSeen: UInt32(random.below(1 << 32)),
                        steps: UInt32(random.below(1 << 32)), weight: weight,
                        scale: random.uniform(), state: state)
                }
            }
        }
        return rows
    }

    static func write(
        _ segments: [RowColumns], _ format: RowFormat, to target: String, files: any FileSystem
    ) throws(ArtifactError) {
        let writer = try TableSnapshotWriter(target: target, format: format, files: files)
        for segment in segments { try writer.append(segment: segment) }
        try writer.finish(description: description)
    }

    /// Everything in a snapshot, verified.
    struct Content: Equatable {
        var description: SnapshotDescription
        var format: RowFormat
        var segments: [RowColumns]
    }

    static func read(_ path: String, files: any FileSystem) throws(ArtifactError) -> Content {
        let reader = try TableSnapshotReader.open(path, files: files)
        var segments: [RowColumns] = []
        for index in 0..<reader.segmentCount {
            var rows = RowColumns(reader.format)
            try reader.read(segment: index, into: &rows)
            segments.append(rows)
        }
        return Content(
            description: reader.description, format: reader.format, segments: segments)
    }
}
