import LehrWire

/// `grpc.reflection`, v1 and v1alpha, which differ in nothing but their names: what can be called
/// here, and what its messages look like.
final class ReflectionService {
    /// What a request asks for; its cases are the fields of the oneof `message_request`.
    private enum Question {
        case file(String)
        case symbol(String)
        case `extension`
        case extensions(of: String)
        case services
    }

    static let paths = ["v1", "v1alpha"].map {
        "/grpc.reflection.\($0).ServerReflection/ServerReflectionInfo"
    }

    private let pool: DescriptorPool
    // The table holds this service.
    private weak var table: ServiceTable?

    init(_ pool: DescriptorPool) { self.pool = pool }

    func register(in table: ServiceTable) {
        self.table = table
        for path in Self.paths {
            table.register(path, .bidirectional { [self] _, stream in serve(stream) })
        }
    }

    /// Answers each question before it reads the next, and no faster than the answers are read.
    private func serve(_ stream: any ServerDuplex) {
        stream.onMessage = { [self, unowned stream] bytes in
            do throws(WireError) {
                stream.send(try answer(bytes))
            } catch {
                return stream.finish(RPCError(.invalidArgument, "\(error)"))
            }
            if stream.isWritable { stream.request(1) }
        }
        stream.onWritable = { [unowned stream] in stream.request(1) }
        // Holds the stream until one of both sides ends it.
        stream.onEnd = { stream.finish(nil) }
        stream.request(1)
    }

    private func answer(_ bytes: [UInt8]) throws(WireError) -> [UInt8] {
        var response = FieldWriter()
        var question: Question?
        var reader = FieldReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: response.append(1, value.text.utf8)
            case 3: question = .file(try value.checkedText())
            case 4: question = .symbol(try value.checkedText())
            case 5: question = .extension
            case 6: question = .extensions(of: try value.checkedText())
            case 7: question = .services
            default: break
            }
        }
        response.append(2, bytes)
        let (field, body) = answer(question)
        response.append(field, body)
        return response.bytes
    }

    /// The field of the oneof `message_response`, and what it holds.
    private func answer(_ question: Question?) -> (field: Int, body: [UInt8]) {
        var body = FieldWriter()
        switch question {
        case .file(let name):
            return files(pool.file(named: name), "there is no file '\(name)' here")
        case .symbol(let name):
            return files(pool.file(defining: name), "there is no '\(name)' here")
        case .extension: return Self.error(.notFound, "nothing here is extended")
        case .extensions(let type):
            guard pool.file(defining: type) != nil else {
                return Self.error(.notFound, "there is no '\(type)' here")
            }
            body.append(1, type.utf8)
            return (5, body.bytes)
        case .services:
            for name in services() {
                var service = FieldWriter()
                service.append(1, name.utf8)
                body.append(1, service.bytes)
            }
            return (6, body.bytes)
        case nil: return Self.error(.invalidArgument, "the request asks for nothing")
        }
    }

    private func files(_ files: [[UInt8]]?, _ otherwise: String) -> (Int, [UInt8]) {
        guard let files else { return Self.error(.notFound, otherwise) }
        var body = FieldWriter()
        for file in files { body.append(1, file) }
        return (4, body.bytes)
    }

    private static func error(_ code: StatusCode, _ message: String) -> (Int, [UInt8]) {
        var body = FieldWriter()
        body.append(1, code.rawValue)
        body.append(2, message.utf8)
        return (7, body.bytes)
    }

    /// The services of the table's methods, by name.
    private func services() -> [String] {
        let names = (table?.paths ?? []).compactMap { path in
            path.split(separator: "/").first.map { String($0) }
        }
        return Set(names).sorted()
    }
}
