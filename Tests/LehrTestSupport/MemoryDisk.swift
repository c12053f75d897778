package import LehrCore
import Synchronization

/// Files in memory, on a disk that may be full.
package final class MemoryDisk: FileSystem {
    private struct State {
        var contents: [String: [UInt8]] = [:]
        var directories: Set<String> = []
        var bytesMax: Int
    }

    private let state: Mutex<State>

    /// A disk for `bytesMax` bytes of all files together.
    package init(bytesMax: Int = .max) { state = Mutex(State(bytesMax: bytesMax)) }

    /// Makes the disk larger or smaller.
    package func resize(bytesMax: Int) { state.withLock { $0.bytesMax = bytesMax } }

    /// A file's bytes, which can be changed and, by nil, removed.
    package subscript(path: String) -> [UInt8]? {
        get { state.withLock { $0.contents[path] } }
        set { state.withLock { $0.contents[path] = newValue } }
    }

    package func read(_ path: String, limit: Int) throws(FileSystemError) -> [UInt8] {
        let bytes = try require(path, "read")
        guard bytes.count <= limit else {
            throw FileSystemError(operation: "read", path: path, reason: .tooLong(limit: limit))
        }
        return bytes
    }

    package func map(_ path: String) throws(FileSystemError) -> MappedFile {
        MappedFile(path: path, copying: try require(path, "map"))
    }

    package func create(_ path: String) throws(FileSystemError) -> any FileWriter {
        self[path] = []
        return Writer(path: path, disk: self)
    }

    package func createDirectory(_ path: String) throws(FileSystemError) {
        state.withLock { _ = $0.directories.insert(path) }
    }

    package func rename(_ source: String, to target: String) throws(FileSystemError) {
        let moved = { (path: String) in
            path == source || path.hasPrefix(source + "/")
                ? target + path.dropFirst(source.count) : path
        }
        state.withLock { state in
            for path in state.contents.keys.sorted() where moved(path) != path {
                state.contents[moved(path)] = state.contents.removeValue(forKey: path)
            }
            state.directories = Set(state.directories.map(moved))
        }
    }

    package func remove(_ path: String) throws(FileSystemError) {
        let isOutside = { (other: String) in other != path && !other.hasPrefix(path + "/") }
        state.withLock { state in
            state.contents = state.contents.filter { isOutside($0.key) }
            state.directories = state.directories.filter(isOutside)
        }
    }

    package func list(_ path: String) throws(FileSystemError) -> [String] {
        let paths = state.withLock { $0.contents.keys.filter { $0.hasPrefix(path + "/") } }
        return paths.map { String($0.dropFirst(path.count + 1)) }.sorted()
    }

    package func size(_ path: String) -> Int? {
        self[path]?.count ?? (isDirectory(path) ? 0 : nil)
    }

    package func isDirectory(_ path: String) -> Bool {
        state.withLock { $0.directories.contains(path) }
    }

    private func require(_ path: String, _ operation: String) throws(FileSystemError) -> [UInt8] {
        guard let bytes = self[path] else {
            throw FileSystemError(operation: operation, path: path, reason: .notFound)
        }
        return bytes
    }

    private func append(
        _ bytes: UnsafeRawBufferPointer, to path: String
    ) throws(FileSystemError) {
        let isWhole = state.withLock { state in
            let used = state.contents.values.reduce(0) { $0 + $1.count }
            let room = max(0, state.bytesMax - used)
            state.contents[path, default: []] += bytes.prefix(room)
            return bytes.count <= room
        }
        guard isWhole else {
            throw FileSystemError(
                operation: "write", path: path,
                reason: .system(code: 28, text: "No space left on device"))
        }
    }

    private final class Writer: FileWriter {
        let path: String
        let disk: MemoryDisk

        init(path: String, disk: MemoryDisk) {
            self.path = path
            self.disk = disk
        }

        func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {
            try disk.append(bytes, to: path)
        }

        func finish() throws(FileSystemError) {}
    }
}

extension MappedFile {
    /// A copy of `bytes`, aligned as a mapping is.
    package convenience init(path: String, copying bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 4096)
        copy.copyBytes(from: bytes)
        self.init(path: path, bytes: UnsafeRawBufferPointer(copy)) { $0.deallocate() }
    }
}
