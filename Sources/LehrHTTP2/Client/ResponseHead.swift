import LehrRPC
import LehrWire

/// The header and trailer fields of an answer, as they arrive.
struct ResponseHead {
    private var httpStatus = 0
    private var isGRPC = false
    private var status: Int?
    private var message = ""
    /// Messages may be compressed.
    private(set) var isGzip = false
    private(set) var initial = Metadata()
    private(set) var trailing = Metadata()
    private(set) var byteCount = 0
    private var bytesMax = 0

    /// Takes a field of the headers or of the trailers. All of them together may have `bytesMax`
    /// bytes; beyond, they are dropped and the call has failed.
    mutating func add(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, isTrailer: Bool,
        bytesMax: Int
    ) {
        byteCount += name.count + value.count + HeaderBlock.fieldOverhead
        self.bytesMax = bytesMax
        guard byteCount <= bytesMax else { return }
        if name.equals(":status") {
            httpStatus = number(value) ?? 0
        } else if name.equals("content-type") {
            isGRPC = value.isGRPCContentType
        } else if name.equals("grpc-status") {
            status = number(value) ?? StatusCode.unknown.rawValue
        } else if name.equals("grpc-message") {
            message = PercentEncoding.decode(value)
        } else if name.equals("grpc-encoding") {
            isGzip = value.equals("gzip")
        } else if !name.starts(with: ":"),
            !name.starts(with: "grpc-") || name.equals("grpc-retry-pushback-ms")
        {
            if isTrailer {
                trailing.entries.append((name.text, value.text))
            } else {
                initial.entries.append((name.text, value.text))
            }
        }
    }

    /// How a call ended whose last frame has come; nil: OK.
    func outcome(_ path: String) -> RPCError? {
        guard byteCount <= bytesMax else {
            return RPCError(
                .resourceExhausted,
                "the answer to \(path) has headers over the limit of \(bytesMax) bytes")
        }
        guard let status else {
            guard httpStatus == 200, isGRPC else {
                return RPCError(httpStatus: httpStatus, path)
            }
            return RPCError(.unknown, "\(path) was answered without a grpc-status")
        }
        let code = StatusCode(rawValue: status) ?? .unknown
        return code == .ok ? nil : RPCError(code, message)
    }

    /// A short decimal number.
    private func number(_ text: UnsafeRawBufferPointer) -> Int? {
        guard (1...4).contains(text.count) else { return nil }
        var value = 0
        for byte in text {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}
