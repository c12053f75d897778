import LehrCore
import LehrTestSupport
import Testing

@testable import LehrData

@Suite struct LineReaderTests {
    private func lines(
        _ path: String, _ directory: TemporaryDirectory, limit: Int = 1 << 20
    ) throws -> [String] {
        let reader = try LineReader(path: path, files: directory.files, lineLimit: limit)
        var lines: [String] = []
        while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        #expect(reader.lineNumber == lines.count)
        return lines
    }

    @Test(arguments: [
        ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\r\nb\n\nc", ["a", "b", "", "c"]),
        ("\n", [""]), ("a\r", ["a"]), ("\r\r\n", ["\r"]),
    ])
    func splitsPlainText(text: String, expected: [String]) throws {
        let directory = try TemporaryDirectory()
        #expect(try lines(directory.write("plain", text), directory) == expected)
    }

    @Test func gzipGivesTheSameLinesAsPlainAcrossChunks() throws {
        let directory = try TemporaryDirectory()
        var random = RandomSource(seed: 7)
        let text = (0..<60_000).map { "\($0)\t" + String(repeating: "x", count: random.below(30)) }
        let bytes = Array((text.joined(separator: "\n") + "\n").utf8)
        #expect(bytes.count > 3 * DataLimits.inflateChunkBytes)
        try writeGzip(bytes, to: directory.file("text.gz"), files: directory.files)
        #expect(try directory.read("text.gz").count < bytes.count / 2)
        #expect(try lines(directory.file("text.gz"), directory) == text)
        #expect(try lines(directory.write("text", bytes: bytes), directory) == text)
    }

    @Test func readsALineLongerThanTheChunk() throws {
        let directory = try TemporaryDirectory()
        let long = String(repeating: "y", count: 900_000)
        try writeGzip(
            Array("a\n\(long)\nb".utf8), to: directory.file("long.gz"), files: directory.files)
        #expect(try lines(directory.file("long.gz"), directory) == ["a", long, "b"])
    }

    @Test func membersOneAfterTheOtherAreOneText() throws {
        let directory = try TemporaryDirectory()
        try writeGzip(Array("a\nb".utf8), to: directory.file("1.gz"), files: directory.files)
        try writeGzip(Array("c\nd\n".utf8), to: directory.file("2.gz"), files: directory.files)
        let both = try directory.read("1.gz") + directory.read("2.gz")
        #expect(try lines(directory.write("both", bytes: both), directory) == ["a", "bc", "d"])
    }

    @Test(arguments: [false, true])
    func refusesALineOverTheLimit(compressed: Bool) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("long")
        let text = Array(("short\n" + String(repeating: "z", count: 101) + "\n").utf8)
        if compressed {
            try writeGzip(text, to: path, files: directory.files)
        } else {
            _ = try directory.write("long", bytes: text)
        }
        #expect(throws: DataError.lineTooLong(file: path, line: 2, limit: 100)) {
            try lines(path, directory, limit: 100)
        }
        #expect(try lines(path, directory, limit: 101).count == 2)
    }

    @Test func truncatedGzipIsNamed() throws {
        let directory = try TemporaryDirectory()
        try writeGzip(
            Array(repeating: UInt8(ascii: "q"), count: 10_000), to: directory.file("a.gz"),
            files: directory.files)
        let whole = try directory.read("a.gz")
        for length in [2, 9, 11, whole.count - 8, whole.count - 1] {
            let path = try directory.write("cut", bytes: Array(whole.prefix(length)))
            #expect(throws: DataError.truncatedGzip(file: path, byteCount: length)) {
                try lines(path, directory)
            }
        }
    }

    @Test func dataAfterTheStreamIsCorrupt() throws {
        let directory = try TemporaryDirectory()
        try writeGzip(Array("a\n".utf8), to: directory.file("a.gz"), files: directory.files)
        let whole = try directory.read("a.gz")
        let path = try directory.write("more", bytes: whole + [0, 0, 0])
        #expect(
            throws: DataError.corruptGzip(
                file: path, offset: whole.count, reason: "other data after the end of the stream")
        ) { try lines(path, directory) }
    }

    @Test func mutatedGzipNeverGivesWrongLinesSilently() throws {
        let directory = try TemporaryDirectory()
        let text = (0..<400).map { "\($0)\t\($0 &* 7919)" }
        try writeGzip(
            Array(text.joined(separator: "\n").utf8), to: directory.file("a.gz"),
            files: directory.files)
        let whole = try directory.read("a.gz")
        var random = RandomSource(seed: 11)
        var refused = 0
        for _ in 0..<400 {
            var bytes = whole
            for _ in 0...random.below(3) {
                bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            // Without the magic bytes it is not gzip but text, which any bytes are.
            guard bytes[0] == 0x1F, bytes[1] == 0x8B else { continue }
            let path = try directory.write("mutated", bytes: bytes)
            do {
                #expect(try lines(path, directory) == text)
            } catch let error as DataError {
                #expect(error.description.contains(path))
                refused += 1
            }
        }
        #expect(refused > 200)
    }

    @Test func missingFileIsNamed() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: DataError.self) { try lines("/nonexistent/x", directory) }
        #expect(error?.description.contains("/nonexistent/x: no such file") == true)
    }
}
