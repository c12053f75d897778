import Glibc

/// Writes all of `bytes` to a file or a pipe; false, with `errno` set, when it cannot.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var offset = 0
    while offset < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
        let count = write(descriptor, rest.baseAddress, rest.count)
        guard count > 0 || errno == EINTR else { return false }
        offset += max(count, 0)
    }
    return true
}
