import Glibc
import LehrCore
import LehrRPC
import LehrWire

/// The header list of a request, as it arrives field by field.
struct RequestHead {
    /// What a server answers instead of a call.
    enum Refusal: Equatable {
        /// Not gRPC at all: an HTTP status.
        case http(StaticString)
        case grpc(RPCError)

        static func == (left: Self, right: Self) -> Bool {
            switch (left, right) {
            case (.http(let left), .http(let right)): left.description == right.description
            case (.grpc(let left), .grpc(let right)): left == right
            default: false
            }
        }
    }

    /// The method, found by the connection.
    var path: KnownPath?
    private(set) var timeout: Duration?
    /// Messages of the request may be compressed.
    private(set) var isGzip = false
    /// Messages of the answer may be.
    private(set) var acceptsGzip = false
    var metadata = Metadata()
    private(set) var byteCount = 0
    private var isPost = false
    private var isGRPC = false
    private var error: RPCError?

    /// Takes a field. All of them together may have `bytesMax` bytes.
    mutating func add(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, bytesMax: Int
    ) {
        let wasShort = byteCount <= bytesMax
        byteCount += name.count + value.count + HeaderBlock.fieldOverhead
        guard byteCount <= bytesMax else {
            guard wasShort else { return }
            metadata = Metadata()
            error = RPCError(
                .resourceExhausted, "the headers are over the limit of \(bytesMax) bytes")
            return
        }
        // The length alone tells most names apart.
        switch name.count {
        case 2 where name.equals("te"): break
        case 7 where name.equals(":method"): isPost = value.equals("POST")
        case 10 where name.equals("user-agent"): break
        case 12 where name.equals("content-type"): isGRPC = value.isGRPCContentType
        case 14 where name.equals("content-length"): break
        default:
            if name.starts(with: ":") { return }
            if name.starts(with: "grpc-") { return addReserved(name, value) }
            guard let text = value.validText else {
                error = RPCError(
                    .invalidArgument, "the metadata '\(name.text)' is not text in UTF-8")
                return
            }
            metadata.entries.append((name.text, text))
        }
    }

    /// Counts a field that nobody looks at.
    mutating func pass(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        byteCount += name.count + value.count + HeaderBlock.fieldOverhead
    }

    private mutating func addReserved(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) {
        if name.equals("grpc-timeout") {
            timeout = GRPCTimeout.parse(value)
            if timeout == nil {
                error = RPCError(
                    .invalidArgument,
                    "'\(value.text)' is not a grpc-timeout; write up to 8 digits and one of HMSmun")
            }
        } else if name.equals("grpc-accept-encoding") {
            // What most send, as we do, is not looked into.
            acceptsGzip =
                value.equals(Gzip.accepted)
                || value.text.split(separator: ",").contains { $0.filter { $0 != " " } == "gzip" }
        } else if name.equals("grpc-previous-rpc-attempts") {
            metadata.entries.append((name.text, value.text))
        } else if name.equals("grpc-encoding"), !value.equals("identity") {
            isGzip = value.equals("gzip")
            guard !isGzip else { return }
            error = RPCError(
                .unimplemented,
                "the grpc-encoding '\(value.text)' is not known; use one of \(Gzip.accepted)")
        }
    }

    /// nil: the request is a call.
    var refusal: Refusal? {
        if !isPost { return .http("405") }
        if !isGRPC { return .http("415") }
        if let error { return .grpc(error) }
        return nil
    }
}

/// A method's path with what answers it, found once for a connection rather than once for a call.
final class KnownPath {
    private let bytes: [UInt8]
    let name: String
    let route: ServiceTable.Route?

    init(_ bytes: UnsafeRawBufferPointer, _ services: ServiceTable) {
        self.bytes = [UInt8](bytes)
        name = bytes.text
        route = services.route(name)
    }

    func matches(_ other: UnsafeRawBufferPointer) -> Bool {
        bytes.withUnsafeBytes { bytes in
            guard bytes.count == other.count else { return false }
            guard let left = bytes.baseAddress, let right = other.baseAddress else { return true }
            return memcmp(left, right, bytes.count) == 0
        }
    }
}
