import CNGHTTP2

/// The header lists that nearly every answer has, ready for nghttp2, which need not copy them.
final class StandardFields {
    /// `:status 200`, `content-type application/grpc`.
    let answer: UnsafeMutableBufferPointer<nghttp2_nv>
    /// `grpc-status 0`.
    let success: UnsafeMutableBufferPointer<nghttp2_nv>
    /// The same as a frame that ends its stream, whose number it lacks. The field is a literal without
    /// indexing (RFC 7541, 6.2.2), which leaves nghttp2's tables alone; not for the first fields after
    /// the peer has changed their size.
    let successFrame: UnsafeRawBufferPointer

    init() {
        answer = .allocate(capacity: 2)
        answer.initializeElement(at: 0, to: Self.field(":status", "200"))
        answer.initializeElement(at: 1, to: Self.field("content-type", "application/grpc"))
        success = .allocate(capacity: 1)
        success.initializeElement(at: 0, to: Self.field("grpc-status", "0"))
        successFrame = Self.frame("grpc-status", "0")
    }

    deinit {
        answer.deallocate()
        success.deallocate()
        successFrame.deallocate()
    }

    private static func frame(_ name: StaticString, _ value: StaticString) -> UnsafeRawBufferPointer
    {
        let field =
            [0, UInt8(name.utf8CodeUnitCount)] + Array(name.description.utf8)
            + [UInt8(value.utf8CodeUnitCount)] + Array(value.description.utf8)
        let flags = NGHTTP2_FLAG_END_STREAM.rawValue | NGHTTP2_FLAG_END_HEADERS.rawValue
        let head = [
            0, 0, UInt8(field.count), UInt8(NGHTTP2_HEADERS.rawValue), UInt8(flags), 0, 0, 0, 0,
        ]
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: head.count + field.count, alignment: 1)
        bytes.copyBytes(from: head + field)
        return UnsafeRawBufferPointer(bytes)
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
