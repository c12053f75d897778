import Glibc
import LehrCore
import Testing

/// A directory of this test alone, removed with the object.
final class TemporaryDirectory {
    let path: String
    let files = LocalFileSystem()

    init() throws {
        var template = Array("/tmp/lehr-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        path = try #require(made, "a temporary directory")
    }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ name: String, _ text: String) throws -> String {
        try write(name, bytes: Array(text.utf8))
    }

    func write(_ name: String, bytes: [UInt8]) throws -> String {
        let writer = try files.create(file(name))
        try writer.write(bytes)
        try writer.finish()
        return file(name)
    }

    func read(_ name: String) throws -> [UInt8] { try files.read(file(name), limit: 1 << 30) }

    deinit { try? files.remove(path) }
}
