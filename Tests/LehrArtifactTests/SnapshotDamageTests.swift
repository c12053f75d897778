import LehrCore
import LehrTable
import LehrTestSupport
import Testing

@testable import LehrArtifact

@Suite struct SnapshotDamageTests {
    private let disk = MemoryDisk()
    private let format = RowFormat(keyWords: 2, numbers: .int8)
    private let whole: Sample.Content

    init() throws {
        let segments = [Sample.rows(format, 4, seed: 1), Sample.rows(format, 3, seed: 2)]
        try Sample.write(segments, format, to: "/t", files: disk)
        whole = try Sample.read("/t", files: disk)
        try #require(whole.segments == segments)
    }

    private func refusal() -> String {
        do throws(ArtifactError) {
            _ = try Sample.read("/t", files: disk)
            return "accepted"
        } catch { return error.description }
    }

    /// Changes the manifest's text and writes the checksum that it then has.
    private func changeManifest(_ change: (String) throws -> String) throws {
        let text = String(decoding: try #require(disk["/t/manifest.json"]), as: UTF8.self)
        let bytes = Array(try change(text).utf8)
        disk["/t/manifest.json"] = bytes
        disk["/t/manifest.sha256"] = Array(try SnapshotManifest.checksum(bytes).utf8)
    }

    /// Makes the manifest say of a segment what is in its file, as somebody would who means harm.
    private func reseal(_ index: Int) throws {
        let name = SnapshotManifest.segmentName(index)
        let bytes = try #require(disk["/t/" + name])
        try changeManifest { text in
            var manifest = try SnapshotManifest.decode(Array(text.utf8), path: "m")
            manifest.segments[index].bytes = bytes.count
            manifest.segments[index].sha256 = try bytes.withUnsafeBytes { try SHA256.hex(of: $0) }
            manifest.segments[index].tensors =
                try SafetensorsFile(path: "/t/" + name, files: disk).tensors
            return String(decoding: try manifest.encoded(path: "m"), as: UTF8.self)
        }
    }

    @Test func noFlippedByteGoesUnnoticed() throws {
        var flips = 0
        for name in try disk.list("/t") {
            let path = "/t/" + name
            let bytes = try #require(disk[path])
            for position in bytes.indices {
                var flipped = bytes
                flipped[position] ^= 1 << UInt8(position % 8)
                disk[path] = flipped
                #expect(refusal() != "accepted", "\(name) at \(position)")
                flips += 1
            }
            disk[path] = bytes
        }
        #expect(flips > 4000)
        #expect(try Sample.read("/t", files: disk) == whole)
    }

    @Test func noFileMayBeCutOffOrLonger() throws {
        for name in try disk.list("/t") {
            let path = "/t/" + name
            let bytes = try #require(disk[path])
            for count in bytes.indices {
                disk[path] = Array(bytes[..<count])
                #expect(refusal() != "accepted", "\(name) of \(count) bytes")
            }
            disk[path] = bytes + [10]
            #expect(refusal() != "accepted", "\(name) with a byte more")
            disk[path] = bytes
        }
        #expect(try Sample.read("/t", files: disk) == whole)
    }

    @Test func aMissingFileIsNamed() throws {
        disk["/t/rows-00001.safetensors"] = nil
        #expect(
            refusal() == "/t: the manifest names rows-00001.safetensors, which does not exist;"
                + " copy or write it again")
        disk["/t/manifest.sha256"] = nil
        #expect(throws: ArtifactError.noSnapshot(directory: "/t")) {
            try TableSnapshotReader.open("/t", files: disk)
        }
        #expect(throws: ArtifactError.noSnapshot(directory: "/other")) {
            try TableSnapshotReader.open("/other", files: disk)
        }
    }

    @Test func anAdditionalSegmentIsNamed() throws {
        disk["/t/rows-00002.safetensors"] = disk["/t/rows-00001.safetensors"]
        #expect(
            throws: ArtifactError.unknownSegment(
                directory: "/t", name: "rows-00002.safetensors")
        ) { try TableSnapshotReader.open("/t", files: disk) }
        #expect(refusal().contains("rows-00002.safetensors is there, but"))
        // Other files are nobody's rows.
        disk["/t/rows-00002.safetensors"] = nil
        disk["/t/README"] = [1]
        #expect(try Sample.read("/t", files: disk) == whole)
    }

    @Test func aRenamedSegmentIsNamed() throws {
        try disk.rename("/t/rows-00001.safetensors", to: "/t/rows-00003.safetensors")
        #expect(refusal().contains("names rows-00001.safetensors, which does not exist"))
    }

    @Test func swappedSegmentsAreNamed() throws {
        // Also when both are of one size.
        try disk.remove("/t")
        let segments = (0..<2).map { (seed: UInt64) in
            var rows = Sample.rows(format, 4)
            rows.keys[0] = seed
            return rows
        }
        try Sample.write(segments, format, to: "/t", files: disk)
        let first = disk["/t/rows-00000.safetensors"]
        disk["/t/rows-00000.safetensors"] = disk["/t/rows-00001.safetensors"]
        disk["/t/rows-00001.safetensors"] = first
        #expect(refusal().hasPrefix("/t/rows-00000.safetensors: sha256 is "))
    }

    @Test func aSegmentOfAnotherSnapshotIsNamed() throws {
        try Sample.write(whole.segments.reversed(), format, to: "/u", files: disk)
        disk["/t/rows-00000.safetensors"] = disk["/u/rows-00000.safetensors"]
        #expect(refusal().hasPrefix("/t/rows-00000.safetensors: "))
        disk["/t/manifest.json"] = disk["/u/manifest.json"]
        #expect(refusal().hasPrefix("/t/manifest.sha256: should be "))
    }

    @Test func afterAnErrorThereAreNoRows() throws {
        let reader = try TableSnapshotReader.open("/t", files: disk)
        var rows = whole.segments[1]
        disk["/t/rows-00000.safetensors"]?[700] ^= 1
        #expect(throws: ArtifactError.self) { try reader.read(segment: 0, into: &rows) }
        #expect(rows == RowColumns(format))
        try reader.read(segment: 1, into: &rows)
        #expect(rows == whole.segments[1])
    }

    @Test(arguments: [
        (#""formatVersion" : 1"#, #""formatVersion" : 2"#, "formatVersion: 2 is not supported"),
        (#""formatVersion" : 1"#, #""formatVersion" : -1"#, "formatVersion: -1 is not"),
        (#""table" : "user""#, #""table" : """#, "snapshot.table: must not be empty"),
        (#""table" : "user""#, #""tible" : "user""#, "snapshot.table: is missing"),
        (#""first" : 4096"#, #""first" : -4096"#, "snapshot.buckets: -4096 and 512"),
        (#""count" : 512"#, #""count" : 9223372036854775807"#, "no range"),
        (#""count" : 512"#, #""count" : 9223372036854775808"#, "out of range"),
        (#""appliedSteps" : 18446744073709551615"#, #""appliedSteps" : -1"#, "out of range"),
        (#""rows" : 7"#, #""rows" : 8"#, "rows: 8, but the segments have 7"),
        (#""keyWords" : 2"#, #""keyWords" : 3"#, "format.keyWords: must be 1 or 2"),
        (#""keyWords" : 2"#, #""keyWords" : 1"#, "tensor keys should be U64 [4] but is U64"),
        (#""numbers" : "int8""#, #""numbers" : "u8""#, "format.numbers: "),
        (#""numbers" : "int8""#, #""numbers" : "f16""#, "tensor weights should be F16"),
        (#""file" : "rows-00001.safetensors""#, #""file" : "../x""#, "segments[1].file: must"),
        (#""file" : "rows-00001.safetensors""#, #""file" : "x""#, "must be rows-00001.safet"),
        (#""file" : "rows-00001.safetensors""#, #""file" : "rows-00000.safetensors""#, "twice"),
        (#""sha256" : ""#, #""sha256" : "A"#, "segments[0].sha256: must be 64"),
        (#""bytes" : "#, #""bytes" : -1"#, "segments[0].bytes: must not be negative"),
        (#""bytes" : "#, #""bytes" : 2000000"#, "segments[0].bytes: 2000000"),
        (#""name" : "clicks""#, #""name" : "clacks""#, "has no tensor named clicks"),
        (#""name" : "clicks""#, #""name" : "keys""#, "has no tensor named clicks"),
    ])
    func aWrongManifestNamesItsKey(old: String, new: String, problem: String) throws {
        try changeManifest { text in
            let range = try #require(text.firstRange(of: old))
            return String(text[..<range.lowerBound]) + new + text[range.upperBound...]
        }
        #expect(refusal().hasPrefix("/t/manifest.json: "))
        #expect(refusal().contains(problem), "\(refusal())")
    }

    @Test func anotherVersionIsNamedBeforeWhatItLacks() throws {
        try changeManifest { _ in #"{"formatVersion": 3, "everything": "else"}"# }
        #expect(
            refusal() == "/t/manifest.json: formatVersion: 3 is not supported; this program reads 1"
        )
    }

    @Test(arguments: [
        [-1], [], [1, 1], [4_611_686_018_427_387_904], [9_223_372_036_854_775_807],
    ])
    func countsThatOverflowAreRefused(shape: [Int]) throws {
        let plain = try SnapshotManifest.decode(
            try #require(disk["/t/manifest.json"]), path: "m")
        for column in SegmentColumn.allCases {
            var manifest = plain
            for index in manifest.segments[0].tensors.indices
            where manifest.segments[0].tensors[index].name == column.rawValue {
                manifest.segments[0].tensors[index].shape = shape
            }
            try changeManifest { _ in
                String(decoding: try manifest.encoded(path: "m"), as: UTF8.self)
            }
            #expect(refusal() != "accepted", "\(column) \(shape)")
        }
    }

    @Test func aSumOfRowsThatOverflowsIsRefused() throws {
        try changeManifest { text in
            var manifest = try SnapshotManifest.decode(Array(text.utf8), path: "m")
            manifest.format = RowFormat()
            // Each is no more than a tensor may have.
            manifest.segments = (0..<9).map { index in
                Manifest.Segment(
                    file: SnapshotManifest.segmentName(index), bytes: 0,
                    sha256: String(repeating: "0", count: 64),
                    tensors: SegmentColumn.tensors(
                        RowFormat(), rows: .max / 8, values: 0, states: 0))
            }
            return String(decoding: try manifest.encoded(path: "m"), as: UTF8.self)
        }
        #expect(refusal() == "/t/manifest.json: segments: the number of their rows overflows")
    }

    @Test func lengthsInASegmentAreCheckedAgainstEachOther() throws {
        let path = "/t/rows-00000.safetensors"
        let bytes = try #require(disk[path])
        let data = 8 + Int(bytes[0]) + 256 * Int(bytes[1])
        // Behind 4 keys, and five columns of 4 bytes and the states, as the layout has them.
        let widths = data + 64 + 5 * 16 + 4 * whole.segments[0].states.count
        var changed = bytes
        changed[widths] += 1
        disk[path] = changed
        try reseal(0)
        #expect(refusal().hasPrefix("\(path): column weights has "))
        changed = bytes
        changed[widths + 8 + 1] += 1
        disk[path] = changed
        try reseal(0)
        #expect(refusal().hasPrefix("\(path): column states has "))
        disk[path] = bytes
        try reseal(0)
        #expect(try Sample.read("/t", files: disk) == whole)
    }

    @Test func aSegmentOfOtherTensorsIsRefused() throws {
        let path = "/t/rows-00001.safetensors"
        let header = SafetensorsHeader(
            laying: SegmentColumn.tensors(format, rows: 3, values: 0, states: 0)
                + [TensorInfo(name: "more", type: .u8, shape: [1])], metadata: [:])
        let size = header.entries.last?.range.upperBound ?? 0
        disk[path] = try header.encoded(file: path) + [UInt8](repeating: 0, count: size)
        try reseal(1)
        #expect(refusal().contains("segments[1].tensors: tensor more should be absent but is U8"))
    }

    @Test func mutatedManifestsNeverTrap() throws {
        let bytes = try #require(disk["/t/manifest.json"])
        var random = RandomSource(seed: 29)
        var refused = 0
        for _ in 0..<600 {
            var changed = bytes
            for _ in 0...random.below(4) {
                changed[random.below(changed.count)] = UInt8(random.below(128))
            }
            if random.below(4) == 0 { changed.removeLast(random.below(changed.count)) }
            disk["/t/manifest.json"] = changed
            disk["/t/manifest.sha256"] = Array(try SnapshotManifest.checksum(changed).utf8)
            let refusal = refusal()
            if refusal != "accepted" {
                refused += 1
                #expect(refusal.hasPrefix("/t"))
            }
        }
        #expect(refused > 300)
    }
}
