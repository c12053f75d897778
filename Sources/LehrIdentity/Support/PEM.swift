import COpenSSL

/// Reading and writing OpenSSL's objects as PEM text in memory.
enum PEM {
    /// What `write` puts into a buffer of OpenSSL's; 1 is its success.
    static func text(
        to task: String, _ write: (OpaquePointer) -> Int32
    ) throws(IdentityError) -> [UInt8] {
        guard let buffer = BIO_new(BIO_s_mem()) else { throw .openSSL(task) }
        defer { BIO_free(buffer) }
        guard write(buffer) == 1 else { throw .openSSL(task) }
        var start: UnsafeMutablePointer<CChar>?
        let count = lehr_bio_bytes(buffer, &start)
        guard let start, count > 0 else { throw .openSSL(task) }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The first object of a kind in `text`.
    static func first<Object>(in text: [UInt8], _ read: (OpaquePointer) -> Object?) -> Object? {
        text.withUnsafeBytes { bytes in
            let buffer = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
            defer {
                BIO_free(buffer)
                ERR_clear_error()
            }
            return buffer.flatMap { read($0) }
        }
    }

    /// Every object of a kind in `text`, in order; `read` gives nil when there are no more. Blocks
    /// of other kinds are skipped; a damaged one is an error.
    static func all<Object>(
        in text: [UInt8], _ read: (OpaquePointer) -> Object?
    ) throws(IdentityError) -> [Object] {
        var found: [Object] = []
        var isWhole = false
        ERR_clear_error()
        text.withUnsafeBytes { bytes in
            guard let buffer = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
            else { return }
            defer { BIO_free(buffer) }
            while let object = read(buffer) { found.append(object) }
            // OpenSSL has no other way of saying that there is nothing more.
            isWhole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
            ERR_clear_error()
        }
        guard isWhole else { throw IdentityError("this is not PEM, or damaged") }
        return found
    }
}
