import Glibc

/// Keeps others of its kind out of a directory while it lives; the system lets go of it with the
/// process, however that ends.
package final class DirectoryLock {
    private let descriptor: CInt

    /// Fails at once when another process has the lock.
    package init(_ path: String) throws(IdentityError) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw IdentityError(
                "cannot open the directory \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw IdentityError("another lehr is changing \(path); try again when it has ended")
        }
    }

    deinit { close(descriptor) }
}
