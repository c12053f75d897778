import COpenSSL

/// Files or settings that TLS cannot be done with, in words for a person.
package struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// OpenSSL's own account of the last failure on this thread.
enum OpenSSLErrors {
    /// The first reason in the queue, which is emptied; nil: it was empty.
    static func takeFirst() -> (reason: Int32, text: String)? {
        let code = ERR_get_error()
        guard code != 0 else { return nil }
        ERR_clear_error()
        let reason = ERR_GET_REASON(code)
        let text = ERR_reason_error_string(code).map { String(cString: $0) }
        return (reason, text ?? "error \(reason)")
    }

    static func takeText() -> String { takeFirst()?.text ?? "no reason given" }
}
