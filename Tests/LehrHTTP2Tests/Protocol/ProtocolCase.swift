import LehrRPC
import Testing

@testable import LehrHTTP2

/// One rule of RFC 9113 or RFC 7541: what a client sends, and what a server must make of it.
struct ProtocolCase: CustomTestStringConvertible, Sendable {
    enum Outcome: Sendable {
        /// The stream gets headers and an end; all is well.
        case answered(UInt32)
        /// Nothing is said about it, and the connection works on.
        case ignored
        /// RST_STREAM with one of these codes, and the connection works on.
        case streamError(UInt32, Set<Int>)
        /// GOAWAY with one of these codes, and the connection ends.
        case connectionError(Set<Int>)
        /// The connection ends, whatever is said.
        case closed
        case seen(@Sendable (RawPeer) -> Bool)
    }

    let section: String
    let rule: String
    var greeting = ProtocolCase.greeting
    /// Sent one after the other; the server answers each before the next comes.
    let steps: [[UInt8]]
    let outcome: Outcome
    /// Why the outcome is not what the RFC asks for.
    let deviation: String?

    init(
        _ section: String, _ rule: String, greeting: [UInt8] = ProtocolCase.greeting,
        _ steps: [UInt8]..., outcome: Outcome, deviation: String? = nil
    ) {
        self.section = section
        self.rule = rule
        self.greeting = greeting
        self.steps = steps
        self.outcome = outcome
        self.deviation = deviation
    }

    var testDescription: String { "\(section) \(rule)" }

    /// The preface, and the acknowledgement of the server's settings.
    static let greeting = Frames.preface + Frames.frame(Frames.settings, flags: 1, stream: 0, [])

    static let all: [ProtocolCase] =
        connection + framing + states + data + headers + priorities + settings + flow + continuation
        + messages + requests + compression + compressionErrors
}

/// Error codes of RFC 9113, section 7.
enum Code {
    static let none: Set = [0]
    static let violation: Set = [1]
    static let flowControl: Set = [3]
    static let closed: Set = [5]
    static let frameSize: Set = [6]
    static let refused: Set = [7]
    static let compression: Set = [9]
}

extension Frames {
    /// HEADERS of a call that is complete with them.
    static func call(_ stream: UInt32, _ path: String = "/t/Echo") -> [UInt8] {
        request(path, stream: stream) + message([1], stream: stream)
    }

    static func settings(_ id: UInt8, _ value: UInt32) -> [UInt8] {
        frame(settings, flags: 0, stream: 0, setting(id, value))
    }

    /// HEADERS with these fields and no others, which end the stream.
    static func list(_ fields: [(String, String)], stream: UInt32 = 1, flags: UInt8 = 5) -> [UInt8]
    {
        frame(
            headers, flags: flags, stream: stream,
            fields.flatMap { HPACK.literal($0.0, $0.1) })
    }

    static let sign = frame(ping, flags: 0, stream: 0, Array("h2 alive".utf8))
}
