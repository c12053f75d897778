import COpenSSL

/// What is wrong with certificates, tokens or their files, for a person: what, where, what to do.
package struct IdentityError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// OpenSSL has failed at `task`; its reason is taken from its queue.
    static func openSSL(_ task: String) -> IdentityError {
        var text = [CChar](repeating: 0, count: 256)
        let code = ERR_get_error()
        ERR_error_string_n(code, &text, text.count)
        ERR_clear_error()
        let reason = String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return IdentityError("cannot \(task)" + (code == 0 ? "" : ": \(reason)"))
    }
}
