import Foundation
import LehrCore
import Testing

@testable import LehrNode

@Suite struct ConfigReaderTests {
    private func file(_ text: String) throws -> ConfigFile {
        let path = FileManager.default.temporaryDirectory.path + "/lehr-config-\(UUID()).yaml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try ConfigFile(path: path, files: LocalFileSystem())
    }

    @Test func flagWinsOverEnvironmentOverFileOverDefault() throws {
        let file = try file("listen: 1.1.1.1:1\nhttp-listen: 1.1.1.1:2\nname: from-file\n")
        var reader = ConfigReader(
            flags: ["listen": "3.3.3.3:3"],
            environment: ["LEHR_LISTEN": "2.2.2.2:2", "LEHR_HTTP_LISTEN": "2.2.2.2:4"], file: file)
        #expect(reader.address("listen", default: "127.0.0.1:1") == "3.3.3.3:3")
        #expect(reader.address("http-listen", default: "127.0.0.1:1") == "2.2.2.2:4")
        #expect(reader.text("name", default: "x") == "from-file")
        #expect(reader.integer("cores", in: 1...8, default: 2) == 2)
        try reader.finish()
        #expect(
            reader.entries.map(\.source) == [
                .flag, .environment("LEHR_HTTP_LISTEN"), .file(file.path), .standard,
            ])
    }

    @Test func reportsAllProblemsAtOnce() throws {
        let file = try file("coresx: 3\ncores: nine\n")
        var reader = ConfigReader(
            flags: ["listen": "nowhere"], environment: ["LEHR_LEASE_TTL": "0s"], file: file)
        _ = reader.address("listen", default: "127.0.0.1:1")
        _ = reader.integer("cores", in: 1...8, default: 1)
        _ = reader.duration("lease-ttl", in: .seconds(1) ... .seconds(60), default: "10s")
        let error = #expect(throws: ConfigError.self) { try reader.finish() }
        let problems = try #require(error?.problems)
        #expect(problems.count == 4)
        #expect(problems[0].hasPrefix("listen: expected HOST:PORT"))
        #expect(problems[1].contains("cores: expected a whole number from 1 to 8, found \"nine\""))
        #expect(problems[2].contains("environment LEHR_LEASE_TTL"))
        #expect(problems[3].contains("unknown key \"coresx\""))
    }

    @Test func readsTimesAndSizes() {
        #expect(ConfigReader.duration("500ms") == .milliseconds(500))
        #expect(ConfigReader.duration("10s") == .seconds(10))
        #expect(ConfigReader.duration("5m") == .seconds(300))
        #expect(ConfigReader.duration("5x") == nil)
        #expect(ConfigReader.duration("") == nil)
        #expect(ConfigReader.duration("99999999999999999999s") == nil)
        #expect(ConfigReader.bytes("512MiB") == 512 << 20)
        #expect(ConfigReader.bytes("7") == 7)
        #expect(ConfigReader.bytes("7MB") == nil)
        #expect(ConfigReader.bytes("9223372036854775807GiB") == nil)
    }

    @Test func refusesAFileThatIsNoMapping() {
        #expect(throws: ConfigError.self) { try file("- a\n- b\n") }
        #expect(throws: ConfigError.self) { try file("a: [1, 2]\n") }
        #expect(throws: ConfigError.self) { try file("a: {b") }
        #expect((try? file("# nothing\n"))?.values.isEmpty == true)
    }
}

@Suite struct JobFileTests {
    @Test func replacesTheDataPathAndKeepsTheRest() throws {
        let text = try JobFile.text(
            "name: ü  # mine\ndata:\n  path: x  # there\nseed: 1\n", data: "/else \"where\"")
        #expect(
            text
                == "name: ü  # mine\ndata:\n  path: \"/else \\\"where\\\"\"  # there\nseed: 1\n")
    }

    @Test(arguments: [
        ("name: a", "name: a\ndata:\n  path: \"/d\"\n"),
        ("data:\nname: a\n", "data: {path: \"/d\"}\nname: a\n"),
        ("data: {}\n", "data:  {path: \"/d\"}\n"),
        ("data:\n  path:\nname: a\n", "data:\n  path: \"/d\"\nname: a\n"),
        ("data:\n  x: 1\n", "data:\n  path: \"/d\"\n  x: 1\n"),
        ("data: {x: 1}\n", "data: {path: \"/d\", x: 1}\n"),
        ("\u{FEFF}data:\r\n  path: x\r\n", "\u{FEFF}data:\r\n  path: \"/d\"\r\n"),
        ("{name: a, data: {path: x}}", "{name: a, data: {path: \"/d\"}}"),
    ])
    func putsThePathWhereThereIsNone(text: String, changed: String) throws {
        #expect(try JobFile.text(text, data: "/d") == changed)
    }

    @Test func saysWhereThePathCannotBePut() {
        let error = #expect(throws: JobFileError.self) {
            try JobFile.text("{name: a}", data: "/d")
        }
        #expect(error?.description.contains("data: {path: /d}") == true)
    }

    @Test func leavesWhatItCannotReadToTheCoordinator() throws {
        #expect(try JobFile.text("{{{", data: nil) == "{{{")
        #expect(try JobFile.text("- a\n", data: "/x") == "- a\n")
    }

    @Test func makesARelativePathAbsolute() throws {
        let text = try JobFile.text("data:\n  path: some/where\n", data: nil)
        #expect(text.contains(FileManager.default.currentDirectoryPath + "/some/where"))
    }
}
