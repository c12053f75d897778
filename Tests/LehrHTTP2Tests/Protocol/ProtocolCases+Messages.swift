@testable import LehrHTTP2

// RFC 9113, section 8: requests as lists of fields and bytes.
extension ProtocolCase {
    private static let good = [
        (":method", "POST"), (":scheme", "http"), (":path", "/t/Echo"), (":authority", "a"),
        ("te", "trailers"), ("content-type", "application/grpc"),
    ]
    private static let message = Array(Frames.message([1], stream: 1).dropFirst(9))

    /// A request with one field in the place of another.
    private static func with(_ name: String, _ value: String) -> [UInt8] {
        Frames.list(good.map { $0.0 == name ? (name, value) : $0 })
    }

    private static func without(_ name: String) -> [UInt8] {
        Frames.list(good.filter { $0.0 != name })
    }

    private static func adding(_ name: String, _ value: String) -> [UInt8] {
        Frames.list(good + [(name, value)])
    }

    private static func malformed(
        _ section: String, _ rule: String, _ request: [UInt8]
    ) -> ProtocolCase {
        ProtocolCase(section, rule, request, outcome: .streamError(1, Code.violation))
    }

    static let messages: [ProtocolCase] = [
        ProtocolCase(
            "8.1", "trailers end a request", Frames.request("/t/Take", stream: 1),
            Frames.frame(0, flags: 0, stream: 1, message), Frames.list([("x-end", "1")]),
            outcome: .answered(1)),
        ProtocolCase(
            "8.1", "trailers end their stream", Frames.request("/t/Take", stream: 1),
            Frames.frame(0, flags: 0, stream: 1, message),
            Frames.list([("x-end", "1")], flags: 4), outcome: .streamError(1, Code.violation)),
        ProtocolCase(
            "8.1", "trailers have no pseudo-fields", Frames.request("/t/Take", stream: 1),
            Frames.list([(":method", "POST")]), outcome: .streamError(1, Code.violation)),
        ProtocolCase(
            "8.1", "headers may be all", Frames.list(good), outcome: .answered(1)),
        ProtocolCase(
            "8.1.1", "content-length is what comes",
            Frames.list(good + [("content-length", "6")], flags: 4),
            Frames.message([1], stream: 1), outcome: .answered(1)),
        ProtocolCase(
            "8.1.1", "content-length over several frames",
            Frames.list(good + [("content-length", "6")], flags: 4),
            Frames.frame(0, flags: 0, stream: 1, Array(message.prefix(2))),
            Frames.frame(0, flags: 1, stream: 1, Array(message.dropFirst(2))),
            outcome: .answered(1)),
        ProtocolCase(
            "8.1.1", "content-length is not less",
            Frames.list(good + [("content-length", "5")], flags: 4),
            Frames.message([1], stream: 1), outcome: .streamError(1, Code.violation)),
        ProtocolCase(
            "8.1.1", "content-length is not more",
            Frames.list(good + [("content-length", "7")], flags: 4),
            Frames.message([1], stream: 1), outcome: .streamError(1, Code.violation)),
        ProtocolCase(
            "8.1.1", "content-length without content", adding("content-length", "6"),
            outcome: .streamError(1, Code.violation)),
        malformed("8.1.1", "content-length is a number", adding("content-length", "six")),
        malformed(
            "8.1.1", "content-length is one number",
            Frames.list(good + [("content-length", "6"), ("content-length", "6")])),

        malformed("8.2", "names have no capitals", adding("X-Field", "1")),
        malformed("8.2.1", "names are not empty", adding("", "1")),
        malformed("8.2.1", "names have no spaces", adding("x field", "1")),
        malformed("8.2.1", "names have no colons", adding("x:field", "1")),
        malformed("8.2.1", "names have no control characters", adding("x\u{1}", "1")),
        malformed("8.2.1", "names have no DEL", adding("x\u{7F}", "1")),
        malformed("8.2.1", "names are ASCII", adding("xé", "1")),
        malformed("8.2.1", "values have no NUL", adding("x-field", "a\0b")),
        malformed("8.2.1", "values have no line feed", adding("x-field", "a\nb")),
        malformed("8.2.1", "values have no carriage return", adding("x-field", "a\rb")),
        malformed("8.2.1", "values do not begin with a space", adding("x-field", " a")),
        malformed("8.2.1", "values do not end with a space", adding("x-field", "a ")),
        malformed("8.2.1", "values do not begin with a tab", adding("x-field", "\ta")),
        ProtocolCase(
            "8.2.1", "values may be empty", adding("x-field", ""), outcome: .answered(1)),
        ProtocolCase(
            "8.2.1", "values may have spaces within", adding("x-field", "a b"),
            outcome: .answered(1)),
        malformed("8.2.2", "no connection", adding("connection", "keep-alive")),
        malformed("8.2.2", "no keep-alive", adding("keep-alive", "timeout=5")),
        malformed("8.2.2", "no proxy-connection", adding("proxy-connection", "keep-alive")),
        malformed("8.2.2", "no transfer-encoding", adding("transfer-encoding", "chunked")),
        malformed("8.2.2", "no upgrade", adding("upgrade", "h2c")),
        malformed("8.2.2", "te is trailers", with("te", "gzip")),
        ProtocolCase(
            "8.2.3", "cookies may be cut up",
            Frames.list(good + [("cookie", "a=b"), ("cookie", "c=d")]), outcome: .answered(1)),
    ]

    static let requests: [ProtocolCase] = [
        malformed("8.3", "unknown pseudo-fields", Frames.list([(":test", "1")] + good)),
        malformed("8.3", "pseudo-fields of answers", Frames.list([(":status", "200")] + good)),
        malformed(
            "8.3", "pseudo-fields come first",
            Frames.list([good[0], good[1], good[4], good[2], good[3]])),
        malformed("8.3.1", "no method", without(":method")),
        malformed("8.3.1", "no scheme", without(":scheme")),
        malformed("8.3.1", "no path", without(":path")),
        malformed("8.3.1", "two methods", Frames.list([(":method", "POST")] + good)),
        malformed("8.3.1", "two schemes", Frames.list([(":scheme", "http")] + good)),
        malformed("8.3.1", "two paths", Frames.list([(":path", "/")] + good)),
        malformed("8.3.1", "two authorities", Frames.list([(":authority", "a")] + good)),
        malformed("8.3.1", "an empty path", with(":path", "")),
        malformed("8.3.1", "a path that is not one", with(":path", "t/Echo")),
        malformed("8.3.1", "an asterisk is for OPTIONS", with(":path", "*")),
        malformed("8.3.1", "an empty method", with(":method", "")),
        ProtocolCase(
            "8.3.1", "an authority is not needed with a host",
            Frames.list(good.filter { $0.0 != ":authority" } + [("host", "a")]),
            outcome: .answered(1)),
        malformed("8.3.1", "an authority or a host", without(":authority")),
        ProtocolCase(
            "8.3.1", "another host than the authority", adding("host", "b"),
            outcome: .answered(1),
            deviation: "RFC: should be malformed; neither name means anything to a server of ours"),
        ProtocolCase(
            "8.3.1", "OPTIONS and an asterisk",
            Frames.list([
                (":method", "OPTIONS"), (":scheme", "http"), (":path", "*"), (":authority", "a"),
            ]),
            outcome: .answered(1)),
        ProtocolCase(
            "8.3.1", "another scheme", with(":scheme", "https"), outcome: .answered(1)),
        ProtocolCase(
            "8.5", "CONNECT is answered",
            Frames.list([(":method", "CONNECT"), (":authority", "a:1")]),
            outcome: .answered(1)),
        malformed(
            "8.5", "CONNECT has no path",
            Frames.list([(":method", "CONNECT"), (":authority", "a:1"), (":path", "/")])),
        malformed("8.5", "CONNECT has an authority", Frames.list([(":method", "CONNECT")])),
        ProtocolCase(
            "8.8", "GET is answered", with(":method", "GET"), outcome: .answered(1)),
        ProtocolCase(
            "8.8", "HEAD is answered", with(":method", "HEAD"), outcome: .answered(1)),
        ProtocolCase(
            "8.8", "an unknown method is answered", with(":method", "LEHR"), outcome: .answered(1)),
        ProtocolCase(
            "8.8", "a request of another type is answered", with("content-type", "text/plain"),
            outcome: .answered(1)),
        ProtocolCase(
            "8.8", "calls at once are answered", (0..<9).flatMap { Frames.call(2 * $0 + 1) },
            outcome: .answered(17)),
    ]
}
