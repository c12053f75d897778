import Glibc
package import LehrCore

/// A directory of one test alone, removed with the object.
package final class TemporaryDirectory {
    package let path: String
    package let files = LocalFileSystem()

    package init() throws {
        var template = Array("/tmp/lehr-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let made else {
            throw FileSystemError(
                operation: "create directory", path: "/tmp",
                reason: .system(code: errno, text: String(cString: strerror(errno))))
        }
        path = made
    }

    deinit { try? files.remove(path) }

    package func file(_ name: String) -> String { path + "/" + name }

    package func write(_ name: String, _ text: String) throws -> String {
        try write(name, bytes: Array(text.utf8))
    }

    package func write(_ name: String, bytes: [UInt8]) throws -> String {
        let writer = try files.create(file(name))
        try writer.write(bytes)
        try writer.finish()
        return file(name)
    }

    package func read(_ name: String) throws -> [UInt8] {
        try files.read(file(name), limit: 1 << 30)
    }
}
