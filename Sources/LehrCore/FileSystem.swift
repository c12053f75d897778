/// Files as the program sees them: the machine's, or a simulated disk that can fail.
///
/// Paths are absolute or relative to the working directory. Every method reports failure with the
/// path and the reason, never by a partial result.
package protocol FileSystem: Sendable {
    /// The whole file; fails when it is longer than `limit` bytes.
    func read(_ path: String, limit: Int) throws(FileSystemError) -> [UInt8]
    /// A read-only view of the file that stays valid while the returned object lives.
    func map(_ path: String) throws(FileSystemError) -> MappedFile
    /// A new file opened for writing; an existing one is truncated.
    func create(_ path: String) throws(FileSystemError) -> any FileWriter
    func createDirectory(_ path: String) throws(FileSystemError)
    /// Replaces `target` by `source` at once, then makes the rename itself durable.
    func rename(_ source: String, to target: String) throws(FileSystemError)
    /// Removes a file, or a directory with all that is in it; a missing one is not an error.
    func remove(_ path: String) throws(FileSystemError)
    /// The names in a directory, sorted.
    func list(_ path: String) throws(FileSystemError) -> [String]
    /// Size in bytes, or nil when there is no such file.
    func size(_ path: String) -> Int?
    func isDirectory(_ path: String) -> Bool
}

/// A file being written; bytes are durable only after `finish`.
package protocol FileWriter: AnyObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError)
    /// Flushes to the disk (`fsync`) and closes.
    func finish() throws(FileSystemError)
}

/// What went wrong with which path.
package struct FileSystemError: Error, CustomStringConvertible, Equatable {
    package enum Reason: Equatable, Sendable {
        case notFound
        case tooLong(limit: Int)
        case system(code: Int32, text: String)
    }

    package let operation: String
    package let path: String
    package let reason: Reason

    package init(operation: String, path: String, reason: Reason) {
        self.operation = operation
        self.path = path
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .notFound: "cannot \(operation) \(path): no such file or directory"
        case .tooLong(let limit): "cannot \(operation) \(path): longer than \(limit) bytes"
        case .system(_, let text): "cannot \(operation) \(path): \(text)"
        }
    }
}

/// The bytes of a file, read-only, for as long as this object lives.
package final class MappedFile: Sendable {
    package let path: String
    package let count: Int
    private let address: UInt
    private let release: @Sendable (UnsafeRawBufferPointer) -> Void

    package init(
        path: String, bytes: UnsafeRawBufferPointer,
        release: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) {
        self.path = path
        self.count = bytes.count
        self.address = UInt(bitPattern: bytes.baseAddress)
        self.release = release
    }

    /// Valid while `self` lives: keep the object beside any pointer taken from here.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
    }

    deinit { release(bytes) }
}
