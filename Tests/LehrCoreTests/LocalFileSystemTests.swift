import Foundation
import LehrCore
import Testing

@Suite struct LocalFileSystemTests {
    private let files = LocalFileSystem()
    private let folder = FileManager.default.temporaryDirectory.path + "/lehr-files-\(UUID())"

    private func write(_ bytes: [UInt8], to path: String) throws {
        let writer = try files.create(path)
        try bytes.withUnsafeBytes { try writer.write($0) }
        try writer.finish()
    }

    @Test func writesReadsRenamesAndRemoves() throws {
        defer { try? files.remove(folder) }
        try files.createDirectory(folder + "/a/b")
        try write([1, 2, 3], to: folder + "/a/b/one")
        #expect(try files.read(folder + "/a/b/one", limit: 3) == [1, 2, 3])
        let mapped = try files.map(folder + "/a/b/one")
        withExtendedLifetime(mapped) { #expect(Array(mapped.bytes) == [1, 2, 3]) }
        try files.rename(folder + "/a/b/one", to: folder + "/a/two")
        #expect(try files.list(folder + "/a") == ["b", "two"])
        #expect(files.size(folder + "/a/two") == 3)
        #expect(files.isDirectory(folder + "/a/b"))
        try files.remove(folder)
        #expect(files.size(folder) == nil)
        // Removing what is not there is no error.
        try files.remove(folder)
    }

    @Test func saysWhatWentWrongWithWhichPath() throws {
        defer { try? files.remove(folder) }
        try files.createDirectory(folder)
        #expect(throws: FileSystemError(operation: "read", path: folder + "/x", reason: .notFound))
        {
            try files.read(folder + "/x", limit: 1)
        }
        try write([1, 2], to: folder + "/x")
        #expect(
            throws: FileSystemError(
                operation: "read", path: folder + "/x", reason: .tooLong(limit: 1))
        ) { try files.read(folder + "/x", limit: 1) }
        #expect(throws: FileSystemError.self) { try files.createDirectory(folder + "/x/y") }
    }

    @Test func mapsAnEmptyFile() throws {
        defer { try? files.remove(folder) }
        try files.createDirectory(folder)
        try write([], to: folder + "/empty")
        #expect(try files.map(folder + "/empty").count == 0)
    }
}
