import LehrCore
import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

@Suite struct HeadTests {
    private static let good = [
        (":method", "POST"), (":scheme", "http"), (":path", "/t/M"), ("te", "trailers"),
        ("content-type", "application/grpc"), ("user-agent", "test"),
    ]

    private static func request(_ fields: [(String, String)]) -> RequestHead {
        var head = RequestHead()
        let services = ServiceTable()
        for (name, value) in fields {
            Array(name.utf8).withUnsafeBytes { name in
                Array(value.utf8).withUnsafeBytes { value in
                    if name.equals(":path") { head.path = KnownPath(value, services) }
                    head.add(name, value, bytesMax: 8192)
                }
            }
        }
        return head
    }

    @Test func aCallsFieldsAreRead() {
        let head = Self.request(
            Self.good + [
                ("x-a", "1"), ("grpc-timeout", "5S"), ("x-a", "2"), ("grpc-encoding", "identity"),
            ])
        #expect(head.refusal == nil)
        #expect(head.path?.name == "/t/M")
        #expect(head.timeout == .seconds(5))
        #expect(head.metadata == Metadata([("x-a", "1"), ("x-a", "2")]))
    }

    @Test(arguments: [
        "application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8",
    ])
    func contentTypesOfGRPC(type: String) {
        #expect(Self.request([(":method", "POST"), ("content-type", type)]).refusal == nil)
    }

    @Test(arguments: [
        "", "application/json", "application/grpc-web", "application/grp", "text/grpc",
    ])
    func otherContentTypesAreRefused(type: String) {
        let head = Self.request([(":method", "POST"), ("content-type", type)])
        #expect(head.refusal == .http("415"))
    }

    @Test func otherMethodsAreRefused() {
        let head = Self.request([(":method", "GET"), ("content-type", "application/grpc")])
        #expect(head.refusal == .http("405"))
    }

    @Test(
        arguments: [
            ("grpc-timeout", "soon", .invalidArgument), ("grpc-encoding", "snappy", .unimplemented),
            ("x-long", String(repeating: "x", count: 9000), .resourceExhausted),
        ] as [(String, String, StatusCode)])
    func badFieldsAreRefused(name: String, value: String, code: StatusCode) {
        guard case .grpc(let error) = Self.request(Self.good + [(name, value)]).refusal else {
            Issue.record("the request was not refused")
            return
        }
        #expect(error.code == code)
    }

    private static func outcome(_ fields: [(String, String)]) -> StatusCode {
        var head = ResponseHead()
        for (name, value) in fields {
            Array(name.utf8).withUnsafeBytes { name in
                Array(value.utf8).withUnsafeBytes {
                    head.add(name, $0, isTrailer: false, bytesMax: 8192)
                }
            }
        }
        return head.outcome("/t/M")?.code ?? .ok
    }

    @Test func answersAreUnderstood() {
        let grpc = [(":status", "200"), ("content-type", "application/grpc")]
        #expect(Self.outcome(grpc + [("grpc-status", "0")]) == .ok)
        #expect(Self.outcome(grpc + [("grpc-status", "5")]) == .notFound)
        #expect(Self.outcome(grpc + [("grpc-status", "99")]) == .unknown)
        #expect(Self.outcome(grpc + [("grpc-status", "x")]) == .unknown)
        #expect(Self.outcome(grpc) == .unknown)
        #expect(Self.outcome([(":status", "503")]) == .unavailable)
        #expect(Self.outcome([(":status", "404")]) == .unimplemented)
        #expect(Self.outcome([(":status", "200"), ("content-type", "text/html")]) == .unknown)
        #expect(Self.outcome([]) == .unknown)
        let long = [("x-long", String(repeating: "x", count: 9000)), ("grpc-status", "0")]
        #expect(Self.outcome(grpc + long) == .resourceExhausted)
    }
}
