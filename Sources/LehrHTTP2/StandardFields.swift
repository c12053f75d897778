import CNGHTTP2

/// The header lists that nearly every answer has, ready for nghttp2, which need not copy them.
final class StandardFields {
    /// `:status 200`, `content-type application/grpc`.
    let answer: UnsafeMutableBufferPointer<nghttp2_nv>
    /// `grpc-status 0`.
    let success: UnsafeMutableBufferPointer<nghttp2_nv>

    init() {
        answer = .allocate(capacity: 2)
        answer.initializeElement(at: 0, to: Self.field(":status", "200"))
        answer.initializeElement(at: 1, to: Self.field("content-type", "application/grpc"))
        success = .allocate(capacity: 1)
        success.initializeElement(at: 0, to: Self.field("grpc-status", "0"))
    }

    deinit {
        answer.deallocate()
        success.deallocate()
    }

    private static func field(_ name: StaticString, _ value: StaticString) -> nghttp2_nv {
        let flags = NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
        return nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.utf8Start),
            value: UnsafeMutablePointer(mutating: value.utf8Start),
            namelen: name.utf8CodeUnitCount, valuelen: value.utf8CodeUnitCount,
            flags: UInt8(flags))
    }
}
