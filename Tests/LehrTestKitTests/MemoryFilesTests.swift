import LehrCore
import LehrTestKit
import Testing

@Suite struct MemoryFilesTests {
    private let files = MemoryFiles()

    @Test func filesAreKeptReplacedAndRemoved() throws {
        try files.replace("/a/b", with: [1, 2, 3])
        try files.replace("/a/c/d", with: [4])
        #expect(try files.read("/a/b", limit: 3) == [1, 2, 3])
        let mapped = try files.map("/a/b")
        #expect(withExtendedLifetime(mapped) { Array($0.bytes) } == [1, 2, 3])
        #expect(try files.list("/a") == ["b", "c"])
        #expect(files.isDirectory("/a/c") && !files.isDirectory("/a/b"))
        #expect(files.size("/a/c/d") == 1)
        try files.remove("/a/c")
        #expect(files.size("/a/c/d") == nil)
    }

    @Test func whatIsNotThereOrTooLongIsAnError() throws {
        try files.replace("/a", with: [1, 2])
        #expect(throws: FileSystemError.self) { try files.read("/a", limit: 1) }
        #expect(throws: FileSystemError.self) { try files.read("/b", limit: 1) }
        #expect(throws: FileSystemError.self) { try files.map("/b") }
        #expect(throws: FileSystemError.self) { try files.rename("/b", to: "/c") }
    }

    @Test func aDirectoryMovesWithAllThatIsInIt() throws {
        try files.replace("/a/x", with: [1])
        try files.replace("/a/b/y", with: [2])
        try files.replace("/ab", with: [3])
        try files.rename("/a", to: "/c")
        #expect(try files.read("/c/x", limit: 9) == [1])
        #expect(try files.read("/c/b/y", limit: 9) == [2])
        #expect(try files.list("/c") == ["b", "x"])
        #expect(files.size("/ab") == 1 && !files.isDirectory("/a"))
        #expect(throws: FileSystemError.self) { try files.rename("/a", to: "/d") }
    }
}
