import Glibc
import LehrCore

/// Batches of keys, one behind the other.
struct KeyBatches {
    let keys: [UInt64]
    let count: Int
    /// Keys in each.
    let size: Int

    /// For a program that reads them: 64-bit numbers as they lie in memory. The file must not be
    /// there yet, and is the caller's to remove.
    func write(to path: String) throws(BenchError) -> KeyFile {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        let isWritten = keys.withUnsafeBytes { writeAll($0, to: descriptor) }
        guard close(descriptor) == 0, isWritten else {
            let failure = Self.failure(path)
            unlink(path)
            throw failure
        }
        return KeyFile(path: path, count: count, size: size)
    }

    private static func failure(_ path: String) -> BenchError {
        BenchError("cannot write \(path): \(String(cString: strerror(errno)))")
    }
}

/// A file of `count` batches of `size` keys each.
struct KeyFile {
    let path: String
    let count: Int
    let size: Int
}
