import LehrCore
import LehrTestSupport
import Testing

@testable import LehrArtifact

@Suite struct SafetensorsTests {
    private func file(_ bytes: [UInt8]) throws(ArtifactError) -> SafetensorsFile {
        try SafetensorsFile(file: MappedFile(path: "x.safetensors", copying: bytes))
    }

    private func encoded(_ header: String, data: Int) -> [UInt8] {
        // Padded with blanks, as writers do to align the data.
        let header = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        let length = UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
            + Array(header.utf8) + [UInt8](repeating: 7, count: data)
    }

    @Test func layoutIsContiguousAlignedAndParsesBack() throws {
        let header = SafetensorsHeader(
            laying: [
                TensorInfo(name: "bytes", type: .u8, shape: [3]),
                TensorInfo(name: "rows", type: .f32, shape: [5, 3]),
                TensorInfo(name: "keys", type: .u64, shape: [5]),
                TensorInfo(name: "none", type: .i32, shape: [0, 9]),
            ], metadata: ["format": "lehr"])
        #expect(header.entries.map { $0.info.name } == ["keys", "rows", "none", "bytes"])
        #expect(header.entries.map { $0.range } == [0..<40, 40..<100, 100..<100, 100..<103])
        let bytes = try header.encoded(file: "x")
        #expect(bytes.count % 64 == 0)
        let read = try file(bytes + [UInt8](repeating: 0, count: 103))
        #expect(read.tensors == header.entries.map { $0.info })
        #expect(read.metadata == ["format": "lehr"])
        #expect(try read.floats("rows", rank: 2).shape == [5, 3])
        #expect(try read.keys("keys").count == 5)
    }

    @Test func readsWhatTheReferenceLibraryWrites() throws {
        // safetensors 0.4: {"b": int32 [2], "a": float32 [1, 2]} with its header padded to 8.
        let header =
            #"{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"#
            + #""b":{"dtype":"I32","shape":[2],"data_offsets":[8,16]}}"#
        let read = try file(encoded(header, data: 16))
        #expect(read.tensors.map { $0.name } == ["a", "b"])
        #expect(try read.bytes("b").count == 8)
        let error = #expect(throws: ArtifactError.self) { try read.floats("b", rank: 1) }
        #expect(
            error?.description
                == "x.safetensors: tensor b should be F32 of 1 dimensions but is I32 [2]")
        #expect(throws: ArtifactError.noTensor(file: "x.safetensors", name: "c")) {
            try read.bytes("c")
        }
    }

    @Test(arguments: [
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "starts at 4, not at 0"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, 8, "but has 8 bytes"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8, "cover 4 of 8"),
        (#"{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}"#, 8, "after the file's end"),
        (#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#, 8, "dtype F64; known are F32"),
        (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "has 4 bytes"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "data_offsets [4, 0]"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, 4, "data_offsets [-4, 0]"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, 4, "data_offsets [0]"),
        (#"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, 4, "a.shape: is missing"),
        (#"{"a":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}"#, 4, "a.shape: must be"),
        (#"{"a":3}"#, 4, "a: must be"),
        (#"{"__metadata__":{"a":3}}"#, 0, "__metadata__.a: must be"),
        (#"[]"#, 0, "does not start with {"),
        (#"{"a""#, 0, "header"),
        (
            #"{"a":{"dtype":"U8","shape":[9223372036854775807],"#
                + #""data_offsets":[0,9223372036854775807]},"#
                + #""b":{"dtype":"U8","shape":[0],"#
                + #""data_offsets":[9223372036854775807,9223372036854775807]}}"#, 4,
            "after the file's end"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,4]}}"#, 4,
            "but has 4 bytes"
        ),
        (
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
                + #""b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#, 5, "not aligned"
        ),
    ])
    func refuses(header: String, data: Int, problem: String) {
        let error = #expect(throws: ArtifactError.self) { try file(encoded(header, data: data)) }
        #expect(error?.description.contains(problem) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        [], [1, 0, 0], [255, 255, 255, 255, 255, 255, 255, 255], [9, 0, 0, 0, 0, 0, 0, 0, 123],
    ])
    func refusesShortFilesAndHugeHeaders(bytes: [UInt8]) {
        #expect(throws: ArtifactError.self) { try file(bytes) }
    }

    @Test func mutatedFilesNeverTrap() throws {
        let header = SafetensorsHeader(
            laying: [
                TensorInfo(name: "keys", type: .u64, shape: [4]),
                TensorInfo(name: "rows", type: .f32, shape: [4, 2]),
            ], metadata: ["a": "b"])
        let whole = try header.encoded(file: "x") + [UInt8](repeating: 1, count: 64)
        let headerEnd = whole.count - 64
        var random = RandomSource(seed: 17)
        var refused = 0
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0...random.below(3) {
                let position = random.below(headerEnd)
                bytes[position] =
                    random.below(2) == 0
                    ? UInt8(truncatingIfNeeded: random.next())
                    : Array(#"0123456789"{}[],:-eE"#.utf8)[random.below(20)]
            }
            if random.below(5) == 0 { bytes.removeLast(random.below(bytes.count)) }
            do {
                let read = try file(bytes)
                // Accepted: then every tensor lies inside the file.
                for tensor in read.tensors {
                    #expect(try read.bytes(tensor.name).count == tensor.byteCount)
                }
            } catch {
                refused += 1
                #expect(error.description.hasPrefix("x.safetensors: "))
            }
        }
        #expect(refused > 1000)
    }
}
