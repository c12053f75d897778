import LehrCore
import LehrTestSupport
import Testing

@testable import LehrArtifact

@Suite struct ArtifactTests {
    private let manifest = Manifest(
        model: ModelIdentity(
            name: "demo", version: 3, createdMilliseconds: 1_700_000_000_000,
            cluster: "00000000000000ff", job: 1),
        spec: ModelDescription(kind: "two-tower", text: "tables: []\n"),
        metrics: ["hr_at_10": 0.675], metadata: ["note": "é/\"\n"])

    /// Writes two tensors of one segment, interleaved, and one of another.
    private func export(to target: String, files: any FileSystem) throws -> Manifest {
        let writer = try ArtifactWriter(target: target, files: files)
        let rows = try writer.tensor(
            "item.rows", segment: "items.safetensors", type: .f32, rowShape: [2])
        let keys = try writer.tensor("item.keys", segment: "items.safetensors", type: .u64)
        for key in 0..<100 {
            try keys.append(keys: [UInt64(key)])
            try rows.append(floats: [Float(key), -Float(key)])
        }
        let dense = try writer.tensor(
            "bias", segment: "dense.safetensors", type: .f32, rowShape: [3])
        try dense.append(floats: [1, 2, 3])
        _ = try writer.tensor("empty", segment: "dense.safetensors", type: .f32)
        return try writer.finish(manifest)
    }

    @Test func roundTrips() throws {
        let directory = try TemporaryDirectory()
        let written = try export(to: directory.file("model"), files: directory.files)
        let reader = try ArtifactReader.open(directory.file("model"), files: directory.files)
        #expect(reader.manifest == written)
        #expect(reader.manifest.model == manifest.model)
        #expect(reader.manifest.metadata == manifest.metadata)
        let items = try reader.segment("items.safetensors")
        #expect(try Array(items.keys("item.keys")) == (0..<100).map { UInt64($0) })
        let (shape, elements) = try items.floats("item.rows", rank: 2)
        #expect(shape == [100, 2])
        #expect(elements[198] == 99 && elements[199] == -99)
        #expect(UInt(bitPattern: elements.baseAddress) % 4 == 0)
        let dense = try reader.segment("dense.safetensors")
        #expect(try Array(dense.floats("bias", rank: 2).elements) == [1, 2, 3])
        #expect(try dense.floats("empty", rank: 1).shape == [0])
        #expect(
            try directory.files.list(directory.file("model"))
                == ["dense.safetensors", "items.safetensors", "manifest.json"])
        #expect(try directory.files.list(directory.path) == ["model"])
    }

    @Test func anExistingTargetIsLeftAlone() throws {
        let directory = try TemporaryDirectory()
        _ = try export(to: directory.file("model"), files: directory.files)
        #expect(throws: ArtifactError.targetExists(path: directory.file("model"))) {
            try export(to: directory.file("model") + "/", files: directory.files)
        }
    }

    @Test func partialRowsAreRefused() throws {
        let directory = try TemporaryDirectory()
        let writer = try ArtifactWriter(target: directory.file("m"), files: directory.files)
        let rows = try writer.tensor("r", segment: "s", type: .f32, rowShape: [2])
        #expect(throws: ArtifactError.partialRow(tensor: "r", rowBytes: 8, byteCount: 12)) {
            try rows.append(floats: [1, 2, 3])
        }
        try writer.abandon()
        #expect(try directory.files.list(directory.path).isEmpty)
    }

    @Test func aFaultAtAnyStepLeavesNothingVisible() throws {
        let directory = try TemporaryDirectory()
        let target = directory.file("model")
        var faults = 0
        for step in 0..<10_000 {
            let files = FaultyFileSystem(failingAt: step)
            do {
                _ = try export(to: target, files: files)
            } catch {
                faults += 1
                // Nothing, or (when only the last rename's sync failed) the whole export.
                if directory.files.size(target) != nil {
                    _ = try ArtifactReader.open(target, files: directory.files)
                    try directory.files.remove(target)
                }
                continue
            }
            break
        }
        #expect(faults > 200)
        // The export after all those crashes succeeds and clears what they left.
        #expect(try directory.files.list(directory.path) == ["model"])
        _ = try ArtifactReader.open(target, files: directory.files)
    }

    @Test func damageIsNamedBeforeAnythingIsUsed() throws {
        let directory = try TemporaryDirectory()
        let written = try export(to: directory.file("m"), files: directory.files)
        let segment = try #require(written.segments.first { $0.file == "items.safetensors" })
        let path = directory.file("m/items.safetensors")
        let whole = try directory.read("m/items.safetensors")

        _ = try directory.write("m/items.safetensors", bytes: whole.dropLast())
        #expect(
            throws: ArtifactError.wrongSize(
                file: path, expected: whole.count, found: whole.count - 1)
        ) { try ArtifactReader.open(directory.file("m"), files: directory.files) }

        var flipped = whole
        flipped[whole.count - 1] ^= 1
        _ = try directory.write("m/items.safetensors", bytes: flipped)
        let error = #expect(throws: ArtifactError.self) {
            try ArtifactReader.open(directory.file("m"), files: directory.files)
        }
        let other = try flipped.withUnsafeBytes { try SHA256.hex(of: $0) }
        #expect(
            error == .wrongHash(file: path, expected: segment.sha256, found: other))
        #expect(error?.description.contains(path) == true)

        try directory.files.remove(path)
        #expect(
            throws: ArtifactError.missingSegment(
                directory: directory.file("m"), name: "items.safetensors")
        ) { try ArtifactReader.open(directory.file("m"), files: directory.files) }
        try directory.files.remove(directory.file("m/manifest.json"))
        #expect(throws: ArtifactError.noManifest(directory: directory.file("m"))) {
            try ArtifactReader.open(directory.file("m"), files: directory.files)
        }
    }

    @Test func sha256IsTheStandards() throws {
        // FIPS 180-4, the one-block example "abc".
        let hex = try Array("abc".utf8).withUnsafeBytes { try SHA256.hex(of: $0) }
        #expect(hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(arguments: [
        (#""formatVersion" : 1"#, #""formatVersion" : 2"#, "formatVersion"),
        (#""name" : "demo""#, #""name" : """#, "model.name"),
        (#""name" : "demo","#, "", "model.name"),
        (#""job" : 1"#, #""job" : "x""#, "model.job"),
        (#""job" : 1"#, #""job" : -1"#, "out of range"),
        (#""file" : "items.safetensors""#, #""file" : "../x""#, "segments[0].file"),
        (#""file" : "dense.safetensors""#, #""file" : "items.safetensors""#, "named twice"),
        (#""sha256" : ""#, #""sha256" : "AB"#, "sha256"),
        (#""shape" : ["#, #""shape" : [ 5,"#, "segments"),
        (#""type" : "F32""#, #""type" : "F31""#, "type"),
    ])
    func aWrongManifestNamesItsKey(old: String, new: String, key: String) throws {
        let directory = try TemporaryDirectory()
        _ = try export(to: directory.file("m"), files: directory.files)
        let text = String(decoding: try directory.read("m/manifest.json"), as: UTF8.self)
        let range = try #require(text.firstRange(of: old))
        let changed = String(text[..<range.lowerBound]) + new + text[range.upperBound...]
        _ = try directory.write("m/manifest.json", bytes: Array(changed.utf8))
        let error = #expect(throws: ArtifactError.self) {
            try ArtifactReader.open(directory.file("m"), files: directory.files)
        }
        #expect(error?.description.contains(key) == true, "\(String(describing: error))")
    }

    @Test func mutatedManifestsNeverTrap() throws {
        let directory = try TemporaryDirectory()
        _ = try export(to: directory.file("m"), files: directory.files)
        let whole = try directory.read("m/manifest.json")
        var random = RandomSource(seed: 23)
        var refused = 0
        for _ in 0..<600 {
            var bytes = whole
            for _ in 0...random.below(4) {
                bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next() % 128)
            }
            if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
            _ = try directory.write("m/manifest.json", bytes: bytes)
            do {
                _ = try ArtifactReader.open(directory.file("m"), files: directory.files)
            } catch {
                refused += 1
                #expect(error.description.contains(directory.path))
            }
        }
        #expect(refused > 300)
    }
}
