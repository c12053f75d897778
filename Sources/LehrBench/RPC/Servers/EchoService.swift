import CLehrWire
import LehrCore
import LehrRPC
import LehrWire

/// The methods that are measured; each decodes its message and encodes its answer.
enum EchoMethod: String, CaseIterable {
    /// Answers with what it got.
    case plain = "Unary"
    /// The same, by an `async` function.
    case async = "AsyncUnary"
    /// Answers with an empty message.
    case upload = "Upload"
    /// Answers with a message of `downloadBytes`.
    case download = "Download"

    static let downloadBytes = 1 << 20

    var path: String { "/lehr.bench.v1.Echo/\(rawValue)" }

    /// A message of the shard's protocol serves: one field of bytes, as bulk data has it.
    private var method: Method<Wire.ScanChunk, Wire.ScanChunk> { Method(path) }

    /// Of the answer to a message of `bytes`.
    func answerBytes(_ bytes: Int) -> Int {
        switch self {
        case .plain, .async: bytes
        case .upload: 0
        case .download: Self.downloadBytes
        }
    }

    func register(in services: ServiceTable, on core: any Core) {
        switch self {
        case .plain:
            services.unary(method) { _, request, responder in
                let keys = request.keys
                responder.succeed { answer, _ in answer.keys = keys }
            }
        case .async:
            services.asyncUnary(method, on: core) { _, request in
                let keys = request.keys
                return { answer, _ in answer.keys = keys }
            }
        case .upload: services.unary(method) { _, _, responder in responder.succeed { _, _ in } }
        case .download:
            // The field's number and length take four bytes.
            let keys = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Self.downloadBytes - 4)
            keys.initialize(repeating: UInt8(ascii: "x"))
            // They live as long as the process.
            let field = ProtobufCBinaryData(len: keys.count, data: keys.baseAddress)
            services.unary(method) { _, _, responder in
                responder.succeed { answer, _ in answer.keys = field }
            }
        }
    }
}
