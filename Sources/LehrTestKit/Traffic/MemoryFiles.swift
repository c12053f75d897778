package import LehrCore
import Synchronization

/// Files that are in memory only.
package final class MemoryFiles: FileSystem {
    private let files = Mutex<[String: [UInt8]]>([:])

    package init() {}

    package func read(_ path: String, limit: Int) throws(FileSystemError) -> [UInt8] {
        guard let bytes = files.withLock({ $0[path] }) else { throw missing("read", path) }
        guard bytes.count <= limit else {
            throw FileSystemError(operation: "read", path: path, reason: .tooLong(limit: limit))
        }
        return bytes
    }

    package func map(_ path: String) throws(FileSystemError) -> MappedFile {
        guard let bytes = files.withLock({ $0[path] }) else { throw missing("map", path) }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        copy.copyBytes(from: bytes)
        return MappedFile(path: path, bytes: UnsafeRawBufferPointer(copy)) { $0.deallocate() }
    }

    package func create(_ path: String) throws(FileSystemError) -> any FileWriter {
        put(path, [])
        return Writer(path, in: self)
    }

    package func createDirectory(_ path: String) throws(FileSystemError) {}

    package func rename(_ source: String, to target: String) throws(FileSystemError) {
        let count = files.withLock { files in
            let moved = files.filter { $0.key == source || $0.key.hasPrefix(source + "/") }
            for (path, bytes) in moved {
                files[path] = nil
                files[target + path.dropFirst(source.count)] = bytes
            }
            return moved.count
        }
        if count == 0 { throw missing("rename", source) }
    }

    package func remove(_ path: String) throws(FileSystemError) {
        files.withLock { files in
            files = files.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
        }
    }

    package func list(_ path: String) throws(FileSystemError) -> [String] {
        let prefix = path + "/"
        let names = files.withLock { files in
            files.keys.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
        }
        return Set(names.map { String($0.prefix { $0 != "/" }) }).sorted()
    }

    package func size(_ path: String) -> Int? { files.withLock { $0[path]?.count } }

    package func isDirectory(_ path: String) -> Bool {
        files.withLock { files in files.keys.contains { $0.hasPrefix(path + "/") } }
    }

    fileprivate func put(_ path: String, _ bytes: [UInt8]) {
        files.withLock { $0[path] = bytes }
    }

    private func missing(_ operation: String, _ path: String) -> FileSystemError {
        FileSystemError(operation: operation, path: path, reason: .notFound)
    }

    private final class Writer: FileWriter {
        private let path: String
        private let files: MemoryFiles
        private var bytes: [UInt8] = []

        init(_ path: String, in files: MemoryFiles) {
            self.path = path
            self.files = files
        }

        func write(_ more: UnsafeRawBufferPointer) throws(FileSystemError) {
            bytes.append(contentsOf: more)
        }

        func finish() throws(FileSystemError) { files.put(path, bytes) }
    }
}
