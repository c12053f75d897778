import LehrRPC
import LehrWire

/// The header and trailer fields of an answer, as they arrive.
struct ResponseHead {
    private var httpStatus = 0
    private var isGRPC = false
    private var status: Int?
    private var message = ""

    mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        if name.equals(":status") {
            httpStatus = number(value) ?? 0
        } else if name.equals("content-type") {
            isGRPC = value.starts(with: "application/grpc")
        } else if name.equals("grpc-status") {
            status = number(value) ?? StatusCode.unknown.rawValue
        } else if name.equals("grpc-message") {
            message = PercentEncoding.decode(value)
        }
    }

    /// How a call ended whose last frame has come; nil: OK.
    func outcome(_ path: String) -> RPCError? {
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
