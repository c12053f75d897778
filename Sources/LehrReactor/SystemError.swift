import Glibc

/// A system call that failed, and with what.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was tried, as "listen at 127.0.0.1:80".
    package let action: String
    package let errno: Int32

    package init(_ action: String, _ errno: Int32) {
        self.action = action
        self.errno = errno
    }

    package var description: String {
        "cannot \(action): \(String(cString: strerror(errno)))"
    }
}
