import LehrCore
import LehrRPC
import LehrWire

/// gRPC's TestService, as its interop cases want it.
final class InteropService {
    private let core: any Core

    init(on core: any Core) { self.core = core }

    var table: ServiceTable {
        let table = ServiceTable()
        table.register("/grpc.testing.TestService/EmptyCall", .unary { $2.succeed([]) })
        table.register(
            "/grpc.testing.TestService/UnaryCall",
            .unary { context, bytes, responder in
                responder.metadata = Self.echo(context)
                let request = ProtoFields(bytes)
                if let error = Self.status(request) { return responder.finish(.failure(error)) }
                responder.metadata.compresses = request.message(6).number(1) == 1
                responder.succeed(Self.payload(request.number(2)))
            })
        table.register(
            "/grpc.testing.TestService/StreamingOutputCall",
            .serverStreaming { [self] _, bytes, stream in
                write(ProtoFields(bytes), to: stream) { stream.finish(nil) }
            })
        table.register("/grpc.testing.TestService/StreamingInputCall", .bidirectional(Self.sum))
        table.register(
            "/grpc.testing.TestService/FullDuplexCall",
            .bidirectional { [self] context, stream in
                stream.metadata = Self.echo(context)
                duplex(stream)
            })
        return table
    }

    /// The metadata that a caller wants back.
    private static func echo(_ context: CallContext) -> ResponseMetadata {
        let entries = context.metadata.entries
        var answer = ResponseMetadata()
        answer.initial = Metadata(entries.filter { $0.name == "x-grpc-test-echo-initial" })
        answer.trailing = Metadata(entries.filter { $0.name == "x-grpc-test-echo-trailing-bin" })
        return answer
    }

    private static func sum(_ context: CallContext, _ stream: any ServerDuplex) {
        var total = 0
        stream.onMessage = { [unowned stream] bytes in
            total += ProtoFields(bytes).message(1).bytes(2).count
            stream.request(1)
        }
        stream.onEnd = {
            var answer = ProtoFields()
            answer.add(1, total)
            stream.send(answer.encoded)
            stream.finish(nil)
        }
        stream.request(1)
    }

    /// Answers each request before it reads the next, and the last before it finishes.
    private func duplex(_ stream: any ServerDuplex) {
        var (isAnswering, hasEnded) = (false, false)
        stream.onMessage = { [self, unowned stream] bytes in
            let request = ProtoFields(bytes)
            if let error = Self.status(request) { return stream.finish(error) }
            isAnswering = true
            write(request, to: stream) { [weak stream] in
                isAnswering = false
                if hasEnded { stream?.finish(nil) } else { stream?.request(1) }
            }
        }
        stream.onEnd = { [unowned stream] in
            hasEnded = true
            if !isAnswering { stream.finish(nil) }
        }
        // Holds the stream until its caller has gone or `finish`.
        stream.onCancel = { _ = stream }
        stream.request(1)
    }

    /// Writes what a StreamingOutputCallRequest asks for, as fast as it is read.
    private func write(
        _ request: ProtoFields, to stream: any ServerStream, _ completion: @escaping () -> Void
    ) {
        write(request.messages(2)[...], to: stream, completion)
    }

    private func write(
        _ rest: ArraySlice<ProtoFields>, to stream: any ServerStream,
        _ completion: @escaping () -> Void
    ) {
        guard let parameters = rest.first else { return completion() }
        guard stream.isWritable else {
            stream.onWritable = { [self] in write(rest, to: stream, completion) }
            return
        }
        stream.onWritable = nil
        _ = core.schedule(after: .microseconds(parameters.number(2))) { [self] in
            stream.metadata.compresses = parameters.message(3).number(1) == 1
            stream.send(Self.payload(parameters.number(1)))
            write(rest.dropFirst(), to: stream, completion)
        }
    }

    private static func status(_ request: ProtoFields) -> RPCError? {
        let status = request.message(7)
        guard status.number(1) != 0 else { return nil }
        return RPCError(StatusCode(rawValue: status.number(1)) ?? .unknown, status.text(2))
    }

    /// A message whose field 1 is a Payload of `size` zeros.
    static func payload(_ size: Int) -> [UInt8] {
        var payload = ProtoFields()
        payload.add(2, [UInt8](repeating: 0, count: size))
        var message = ProtoFields()
        message.add(1, payload)
        return message.encoded
    }
}
