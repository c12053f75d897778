import LehrCore
import Synchronization

/// The machine's file system, whose operation number `failingAt` and all after it fail, as if the
/// process had died there.
final class FaultyFileSystem: FileSystem {
    private let real = LocalFileSystem()
    private let remaining: Atomic<Int>

    init(failingAt step: Int) { remaining = Atomic(step) }

    private func count(_ path: String) throws(FileSystemError) {
        guard remaining.wrappingSubtract(1, ordering: .relaxed).oldValue > 0 else {
            throw FileSystemError(
                operation: "test", path: path, reason: .system(code: 5, text: "planned fault"))
        }
    }

    func read(_ path: String, limit: Int) throws(FileSystemError) -> [UInt8] {
        try count(path)
        return try real.read(path, limit: limit)
    }

    func map(_ path: String) throws(FileSystemError) -> MappedFile {
        try count(path)
        return try real.map(path)
    }

    func create(_ path: String) throws(FileSystemError) -> any FileWriter {
        try count(path)
        return Writer(path: path, real: try real.create(path), system: self)
    }

    func createDirectory(_ path: String) throws(FileSystemError) {
        try count(path)
        try real.createDirectory(path)
    }

    func rename(_ source: String, to target: String) throws(FileSystemError) {
        try count(source)
        try real.rename(source, to: target)
        // After the rename, before it is known to be durable.
        try count(target)
    }

    func remove(_ path: String) throws(FileSystemError) {
        try count(path)
        try real.remove(path)
    }

    func list(_ path: String) throws(FileSystemError) -> [String] { try real.list(path) }
    func size(_ path: String) -> Int? { real.size(path) }
    func isDirectory(_ path: String) -> Bool { real.isDirectory(path) }

    private final class Writer: FileWriter {
        let path: String
        let real: any FileWriter
        let system: FaultyFileSystem

        init(path: String, real: any FileWriter, system: FaultyFileSystem) {
            self.path = path
            self.real = real
            self.system = system
        }

        func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {
            // A torn write: half of the bytes arrive.
            do throws(FileSystemError) { try system.count(path) } catch {
                try real.write(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]))
                throw error
            }
            try real.write(bytes)
        }

        func finish() throws(FileSystemError) {
            try system.count(path)
            try real.finish()
        }
    }
}
