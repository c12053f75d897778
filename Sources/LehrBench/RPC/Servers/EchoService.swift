import CLehrWire
import LehrRPC
import LehrWire

/// The methods that are measured; each decodes its message and encodes its answer.
enum EchoMethod: String, CaseIterable {
    /// Answers with what it got.
    case plain = "Unary"
    /// Answers with an empty message.
    case upload = "Upload"

    var path: String { "/lehr.bench.v1.Echo/\(rawValue)" }

    /// A message of the shard's protocol serves: one field of bytes, as bulk data has it.
    private var method: Method<Wire.ScanChunk, Wire.ScanChunk> { Method(path) }

    func register(in services: ServiceTable) {
        switch self {
        case .plain:
            services.unary(method) { _, request, responder in
                let keys = request.keys
                responder.succeed { answer, _ in answer.keys = keys }
            }
        case .upload: services.unary(method) { _, _, responder in responder.succeed { _, _ in } }
        }
    }
}
