import LehrCore
import LehrTable
import LehrTestSupport
import Testing

@testable import LehrArtifact

@Suite struct SnapshotTests {
    @Test(arguments: Sample.formats, [0, 1, 2, 300])
    func roundTrips(format: RowFormat, count: Int) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("user")
        let rows = Sample.rows(format, count)
        try Sample.write([rows], format, to: path + "/", files: directory.files)
        let read = try Sample.read(path, files: directory.files)
        #expect(read.description == Sample.description)
        #expect(read.format == format)
        #expect(read.segments == (count == 0 ? [] : [rows]))
        #expect(try directory.files.list(directory.path) == ["user"])
    }

    @Test func segmentsKeepTheirOrderAndComeBackAsOften() throws {
        let disk = MemoryDisk()
        let format = RowFormat(keyWords: 2, numbers: .bfloat16)
        let segments = (0..<12).map { Sample.rows(format, 20, seed: $0) }
        try Sample.write(segments, format, to: "/t", files: disk)
        #expect(
            try disk.list("/t") == ["manifest.json", "manifest.sha256"]
                + (0..<12).map { $0 < 10 ? "rows-0000\($0)" : "rows-000\($0)" }
                .map { $0 + ".safetensors" })
        let reader = try TableSnapshotReader.open("/t", files: disk)
        #expect(reader.rowCount == 240 && reader.segmentCount == 12)
        #expect(reader.byteCount > segments.reduce(0) { $0 + $1.byteCount })
        var rows = RowColumns(format)
        for index in [0, 11, 5, 5, 0] {
            try reader.read(segment: index, into: &rows)
            #expect(rows == segments[index])
        }
    }

    @Test func partitionsEachTakeTheirRows() throws {
        let disk = MemoryDisk()
        let format = RowFormat(numbers: .float16)
        let segments = (0..<3).map { Sample.rows(format, 50, seed: $0) }
        try Sample.write(segments, format, to: "/t", files: disk)
        let reader = try TableSnapshotReader.open("/t", files: disk)
        var partitions = (0..<4).map { _ in RowColumns(format) }
        var rows = RowColumns(format)
        for index in 0..<reader.segmentCount {
            try reader.read(segment: index, into: &rows)
            for partition in 0..<4 {
                let own = rows.keys.indices.filter { rows.keys[$0] % 4 == partition }
                partitions[partition].append(rows, at: own)
            }
        }
        for (index, partition) in partitions.enumerated() {
            try partition.validate()
            #expect(partition.rowCount > 20)
            #expect(partition.keys.allSatisfy { $0 % 4 == index })
        }
        #expect(
            partitions.flatMap { $0.keys }.sorted() == segments.flatMap { $0.keys }.sorted())
        #expect(
            partitions.reduce(0) { $0 + $1.weights.count }
                == segments.reduce(0) { $0 + $1.weights.count })
    }

    @Test func rowsBeyondTheBoundBecomeSeveralSegments() throws {
        let disk = MemoryDisk()
        let format = RowFormat(numbers: .int8)
        let rows = Sample.rows(format, 50_000)
        let bound = TableSnapshotWriter.segmentBytesAllowed.lowerBound
        try #require(rows.byteCount > 2 * bound)
        let writer = try TableSnapshotWriter(
            target: "/t", format: format, segmentBytesMax: bound, files: disk)
        try writer.append(segment: rows)
        #expect(writer.rowCount == 50_000)
        try writer.finish(description: Sample.description)
        let read = try Sample.read("/t", files: disk)
        #expect(read.segments.count == (rows.byteCount + bound - 1) / bound)
        var whole = RowColumns(format)
        for segment in read.segments {
            #expect(segment.byteCount <= bound)
            whole.append(segment)
        }
        #expect(whole == rows)
    }

    @Test func theLongestRowFits() throws {
        let disk = MemoryDisk()
        var rows = RowColumns(RowFormat(keyWords: 2))
        let values = [Float](repeating: 0.5, count: Int(UInt16.max))
        for key: UInt64 in 0..<2 {
            values.withUnsafeBufferPointer { values in
                rows.append(
                    key: key, shows: 1, clicks: 0, lastSeen: 1, steps: 1,
                    weight: UnsafeRawBufferPointer(values), state: values)
            }
        }
        let bound = TableSnapshotWriter.segmentBytesAllowed.lowerBound
        let writer = try TableSnapshotWriter(
            target: "/t", format: rows.format, segmentBytesMax: bound, files: disk)
        try writer.append(segment: rows)
        try writer.finish(description: Sample.description)
        let read = try Sample.read("/t", files: disk)
        #expect(read.segments.map { $0.rowCount } == [1, 1])
        #expect(read.segments.allSatisfy { $0.byteCount <= bound })
        #expect(read.segments.flatMap { $0.states } == rows.states)
    }

    /// What other programs read.
    @Test func aSegmentIsASafetensorsFile() throws {
        let disk = MemoryDisk()
        let rows = Sample.rows(RowFormat(keyWords: 2, numbers: .int8), 30)
        try Sample.write([rows], rows.format, to: "/t", files: disk)
        let file = try SafetensorsFile(path: "/t/rows-00000.safetensors", files: disk)
        #expect(file.metadata == ["format": "lehr"])
        #expect(
            Set(file.tensors.map { "\($0.name) \($0.shapeText)" }) == [
                "keys U64 [30, 2]", "shows F32 [30]", "clicks F32 [30]", "last_seen U32 [30]",
                "steps U32 [30]", "widths U16 [30]", "weights I8 [\(rows.weights.count)]",
                "scales F32 [30]", "state_counts U16 [30]", "states F32 [\(rows.states.count)]",
            ])
        #expect(
            try file.floats("states", rank: 1).elements.elementsEqual(rows.states))
    }

    @Test func theLargestManifestIsBelowTheLimit() throws {
        let rows = Int(UInt32.max)
        let segments = (0..<SnapshotManifest.segmentsMax).map { index in
            Manifest.Segment(
                file: SnapshotManifest.segmentName(index),
                bytes: SnapshotManifest.segmentBytesLimit,
                sha256: String(repeating: "0", count: 64),
                tensors: SegmentColumn.tensors(
                    RowFormat(keyWords: 2, numbers: .int8), rows: rows, values: rows, states: rows))
        }
        let manifest = SnapshotManifest(
            snapshot: Sample.description, format: RowFormat(keyWords: 2, numbers: .int8),
            rows: rows * segments.count, segments: segments)
        // Room for a long specification.
        #expect(try manifest.encoded(path: "x").count < Manifest.byteLimit - (1 << 20))
    }
}
