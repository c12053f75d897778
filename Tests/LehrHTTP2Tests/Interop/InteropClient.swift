import LehrCore
import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// Drives a TestService through cases of the gRPC interop suite, one after the other.
final class InteropClient {
    typealias Case = (name: String, run: (InteropClient, @escaping (Bool) -> Void) -> Void)

    let channel: any Channel
    /// The names of the cases that passed.
    private(set) var passed: [String] = []
    private static let service = "/grpc.testing.TestService/"
    private static let sizes = [31415, 9, 2653, 58979]
    private static let requests = [27182, 8, 1828, 45904]

    init(_ channel: any Channel) { self.channel = channel }

    func runAll(_ completion: @escaping () -> Void) { run(Self.cases[...], completion) }

    private func run(_ rest: ArraySlice<Case>, _ completion: @escaping () -> Void) {
        guard let next = rest.first else { return completion() }
        next.run(self) { [self] isGood in
            if isGood { passed.append(next.name) }
            run(rest.dropFirst(), completion)
        }
    }

    static var cases: [Case] {
        [
            ("empty_unary", { $0.unary("EmptyCall", [], $1) { $0 == .success([]) } }),
            (
                "large_unary",
                {
                    $0.unary("UnaryCall", simple(271_828, answer: 314_159), $1) {
                        $0 == .success(InteropService.payload(314_159))
                    }
                }
            ),
            ("client_streaming", { $0.clientStreaming($1) }),
            ("server_streaming", { $0.serverStreaming($1) }),
            ("ping_pong", { $0.pingPong($1) }),
            ("empty_stream", { $0.emptyStream($1) }),
            ("custom_metadata", { $0.customMetadata($1) }),
            ("status_code_and_message", { $0.status("test status message", $1) }),
            ("special_status_message", { $0.status("\t\ntest\r\n\u{263A} \u{1F608}\t\n", $1) }),
            (
                "unimplemented_method",
                { $0.unary("UnimplementedCall", [], $1) { $0.code == .unimplemented } }
            ),
            (
                "unimplemented_service",
                { $0.unary("../Nothing/UnimplementedCall", [], $1) { $0.code == .unimplemented } }
            ),
            ("cancel_after_begin", { $0.cancelAfterBegin($1) }),
            ("cancel_after_first_response", { $0.cancelAfterFirstResponse($1) }),
            ("client_compressed_unary", { $0.compressedUnary(request: true, answer: false, $1) }),
            ("server_compressed_unary", { $0.compressedUnary(request: false, answer: true, $1) }),
            ("server_compressed_streaming", { $0.compressedStreaming($1) }),
            ("timeout_on_sleeping_server", { $0.timeoutOnSleepingServer($1) }),
        ]
    }

    private static func simple(_ size: Int, answer: Int) -> [UInt8] {
        var request = ProtoFields()
        request.add(2, answer)
        request.add(3, body(size))
        return request.encoded
    }

    private static func body(_ size: Int) -> ProtoFields {
        var payload = ProtoFields()
        payload.add(2, [UInt8](repeating: 0, count: size))
        return payload
    }

    private static func output(_ sizes: [Int], request: Int, microseconds: Int = 0) -> [UInt8] {
        var message = ProtoFields()
        for size in sizes {
            var parameters = ProtoFields()
            parameters.add(1, size)
            if microseconds > 0 { parameters.add(2, microseconds) }
            message.add(2, parameters)
        }
        message.add(3, body(request))
        return message.encoded
    }

    private func unary(
        _ method: String, _ message: [UInt8], _ done: @escaping (Bool) -> Void,
        _ isGood: @escaping (Result<[UInt8], RPCError>) -> Bool
    ) {
        _ = channel.unary(Self.service + method, message, CallOptions()) { done(isGood($0)) }
    }

    private func status(_ text: String, _ done: @escaping (Bool) -> Void) {
        var status = ProtoFields()
        status.add(1, 2)
        status.add(2, Array(text.utf8))
        var request = ProtoFields()
        request.add(7, status)
        unary("UnaryCall", request.encoded, done) { $0 == .failure(RPCError(.unknown, text)) }
    }

    private func customMetadata(_ done: @escaping (Bool) -> Void) {
        var options = CallOptions()
        options.metadata.entries.append(("x-grpc-test-echo-initial", "test_initial_metadata_value"))
        options.metadata.appendBinary("x-grpc-test-echo-trailing-bin", [0xAB, 0xAB, 0xAB])
        var call: (any Call)?
        call = channel.unary(
            Self.service + "UnaryCall", Self.simple(271_828, answer: 314_159), options
        ) { result in
            done(
                result.code == .ok
                    && call?.initialMetadata["x-grpc-test-echo-initial"]
                        == "test_initial_metadata_value"
                    && call?.trailingMetadata.binary("x-grpc-test-echo-trailing-bin")
                        == [[0xAB, 0xAB, 0xAB]]
            )
            call = nil
        }
    }

    private func compressedUnary(
        request: Bool, answer: Bool, _ done: @escaping (Bool) -> Void
    ) {
        var flag = ProtoFields()
        flag.add(1, answer ? 1 : 0)
        var message = ProtoFields(Self.simple(271_828, answer: 314_159))
        message.add(6, flag)
        var options = CallOptions()
        options.compresses = request
        _ = channel.unary(Self.service + "UnaryCall", message.encoded, options) { result in
            done(result == .success(InteropService.payload(314_159)))
        }
    }

    private func clientStreaming(_ done: @escaping (Bool) -> Void) {
        let path = Self.service + "StreamingInputCall"
        let call = channel.clientStreaming(path, CallOptions()) { result in
            done((try? ProtoFields(result.get()).number(1)) == Self.requests.reduce(0, +))
        }
        for size in Self.requests { call.send(InteropService.payload(size)) }
        call.finishSending()
    }

    private func serverStreaming(_ done: @escaping (Bool) -> Void) {
        var seen: [Int] = []
        _ = channel.serverStreaming(
            Self.service + "StreamingOutputCall", Self.output(Self.sizes, request: 0),
            CallOptions(),
            onMessage: { seen.append(ProtoFields($0).message(1).bytes(2).count) },
            onEnd: { done($0 == nil && seen == Self.sizes) })
    }

    private func compressedStreaming(_ done: @escaping (Bool) -> Void) {
        var request = ProtoFields()
        for size in [31415, 92653] {
            var compressed = ProtoFields()
            compressed.add(1, 1)
            var parameters = ProtoFields()
            parameters.add(1, size)
            parameters.add(3, compressed)
            request.add(2, parameters)
        }
        var seen: [Int] = []
        _ = channel.serverStreaming(
            Self.service + "StreamingOutputCall", request.encoded, CallOptions(),
            onMessage: { seen.append(ProtoFields($0).message(1).bytes(2).count) },
            onEnd: { done($0 == nil && seen == [31415, 92653]) })
    }

    private func duplex(
        _ options: CallOptions = CallOptions(), onMessage: @escaping ([UInt8]) -> Void = { _ in },
        onEnd: @escaping (RPCError?) -> Void
    ) -> any ClientStream {
        channel.bidirectional(
            Self.service + "FullDuplexCall", options, onMessage: onMessage, onEnd: onEnd)
    }

    private func pingPong(_ done: @escaping (Bool) -> Void) {
        var seen: [Int] = []
        var call: (any ClientStream)?
        func next() {
            guard seen.count < Self.sizes.count else { return call?.finishSending() ?? () }
            let index = seen.count
            call?.send(Self.output([Self.sizes[index]], request: Self.requests[index]))
            call?.request(1)
        }
        call = duplex {
            seen.append(ProtoFields($0).message(1).bytes(2).count)
            next()
        } onEnd: { error in
            call = nil
            done(error == nil && seen == Self.sizes)
        }
        next()
    }

    private func emptyStream(_ done: @escaping (Bool) -> Void) {
        var seen = 0
        let call = duplex { _ in
            seen += 1
        } onEnd: {
            done($0 == nil && seen == 0)
        }
        call.request(1)
        call.finishSending()
    }

    private func cancelAfterBegin(_ done: @escaping (Bool) -> Void) {
        let path = Self.service + "StreamingInputCall"
        channel.clientStreaming(path, CallOptions()) { done($0.code == .cancelled) }.cancel()
    }

    private func cancelAfterFirstResponse(_ done: @escaping (Bool) -> Void) {
        var seen = 0
        var call: (any ClientStream)?
        call = duplex { _ in
            seen += 1
            call?.cancel()
        } onEnd: { error in
            call = nil
            done(error?.code == .cancelled && seen == 1)
        }
        call?.send(Self.output([31415], request: 27182))
        call?.request(2)
    }

    private func timeoutOnSleepingServer(_ done: @escaping (Bool) -> Void) {
        let call = duplex(CallOptions(timeout: .milliseconds(20))) { error in
            done(error?.code == .deadlineExceeded)
        }
        call.send(Self.output([8], request: 27182, microseconds: 500_000))
    }
}
