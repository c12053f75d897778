import Glibc
import LehrCore

/// What is said to the person besides the answer, which is on the standard output.
enum StandardError {
    static func write(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { writeAll($0, to: STDERR_FILENO) }
    }
}
