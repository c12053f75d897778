import LehrCore
import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

@Suite struct GRPCCodecTests {
    private static func encoded(_ messages: [[UInt8]]) -> [UInt8] {
        var outgoing = OutgoingMessages()
        for message in messages { outgoing.append(message) }
        var bytes = [UInt8](repeating: 0, count: outgoing.byteCount)
        let count = bytes.withUnsafeMutableBytes { outgoing.read(into: $0) }
        #expect(count == bytes.count)
        #expect(outgoing.isEmpty && outgoing.byteCount == 0)
        return bytes
    }

    @Test func aMessageBeginsWithItsFlagAndLength() {
        #expect(Self.encoded([[7, 8]]) == [0, 0, 0, 0, 2, 7, 8])
        let long = Self.encoded([[UInt8](repeating: 9, count: 0x01_0203)])
        #expect(Array(long.prefix(6)) == [0, 0, 1, 2, 3, 9])
    }

    @Test func theDecoderTakesBytesCutAtEveryPlace() throws {
        let messages: [[UInt8]] = [[], [1], [2, 3, 4], [], [UInt8](repeating: 5, count: 20)]
        let bytes = Self.encoded(messages)
        for cut in 0...bytes.count {
            for second in stride(from: cut, through: bytes.count, by: 3) {
                var decoder = IncomingMessages(limits: RPCLimits(), demand: .max)
                var seen: [[UInt8]] = []
                for part in [bytes[..<cut], bytes[cut..<second], bytes[second...]] {
                    try part.withUnsafeBytes { _ = try decoder.feed($0) { seen.append($0) } }
                }
                #expect(seen == messages)
                #expect(decoder.isBetweenMessages)
            }
        }
    }

    @Test(arguments: [1, 3, 7, 1000])
    func noMoreIsTakenThanWasAskedFor(pieceSize: Int) throws {
        let messages: [[UInt8]] = (0..<20).map { [UInt8](repeating: UInt8($0), count: $0 % 5) }
        let bytes = Self.encoded(messages)
        var incoming = IncomingMessages(limits: RPCLimits(), demand: 0)
        var seen: [[UInt8]] = []
        var used = 0
        incoming.request(4)
        for start in stride(from: 0, to: bytes.count, by: pieceSize) {
            used += try bytes[start..<min(start + pieceSize, bytes.count)].withUnsafeBytes {
                try incoming.feed($0) { seen.append($0) }
            }
        }
        #expect(seen == Array(messages.prefix(4)))
        #expect(used == Self.encoded(Array(messages.prefix(4))).count)
        #expect(incoming.waitingCount == bytes.count - used)
        for count in [3, 0, 13] {
            incoming.request(count)
            var step = 0
            while let message = try incoming.next(used: &step) {
                used += step
                seen.append(message)
            }
            used += step
            #expect(used + incoming.waitingCount == bytes.count)
        }
        #expect(seen == messages)
        #expect(!incoming.hasWaiting && incoming.isBetweenMessages)
    }

    @Test func messagesGoOutInPiecesOfAnySize() {
        let messages: [[UInt8]] = [[1, 2, 3], [], [4], [UInt8](repeating: 5, count: 30)]
        let whole = Self.encoded(messages)
        for size in 1...whole.count {
            var outgoing = OutgoingMessages()
            for message in messages { outgoing.append(message) }
            var bytes: [UInt8] = []
            while !outgoing.isEmpty {
                var piece = [UInt8](repeating: 0, count: size)
                let count = piece.withUnsafeMutableBytes { outgoing.read(into: $0) }
                bytes += piece.prefix(count)
                #expect(outgoing.byteCount == whole.count - bytes.count)
            }
            #expect(bytes == whole)
        }
    }

    @Test(
        arguments: [
            ([1, 0, 0, 0, 1, 9], StatusCode.internal), ([2, 0, 0, 0, 1, 9], .internal),
            ([255, 0, 0, 0, 0], .internal), ([0, 0, 0, 0, 11], .resourceExhausted),
            ([0, 255, 255, 255, 255], .resourceExhausted),
        ] as [([UInt8], StatusCode)])
    func theDecoderRefuses(bytes: [UInt8], code: StatusCode) {
        var limits = RPCLimits()
        limits.messageBytesMax = 10
        var decoder = IncomingMessages(limits: limits, demand: .max)
        let error = #expect(throws: RPCError.self) {
            try bytes.withUnsafeBytes { _ = try decoder.feed($0) { _ in } }
        }
        #expect(error?.code == code)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theDecoderSurvivesGarbage(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var limits = RPCLimits()
        limits.messageBytesMax = 1000
        for _ in 0..<2000 {
            var decoder = IncomingMessages(limits: limits, demand: .max)
            var bytes = Self.encoded([[1, 2, 3], [UInt8](repeating: 4, count: random.below(1500))])
            bytes[random.below(bytes.count)] = UInt8(random.below(256))
            var total = 0
            do throws(RPCError) {
                var rest = bytes[...]
                while !rest.isEmpty {
                    let part = [UInt8](rest.prefix(1 + random.below(700)))
                    rest = rest.dropFirst(part.count)
                    let result = part.withUnsafeBytes { bytes in
                        Result { () throws(RPCError) in
                            _ = try decoder.feed(bytes) { total += $0.count }
                        }
                    }
                    try result.get()
                }
            } catch {
                #expect(error.code == .internal || error.code == .resourceExhausted)
            }
            #expect(total <= bytes.count)
        }
    }

    private static func parse(_ text: String) -> Duration? {
        Array(text.utf8).withUnsafeBytes { GRPCTimeout.parse($0) }
    }

    @Test func timeoutsAreRead() {
        #expect(Self.parse("1H") == .seconds(3600))
        #expect(Self.parse("2M") == .seconds(120))
        #expect(Self.parse("10S") == .seconds(10))
        #expect(Self.parse("99999999m") == .milliseconds(99_999_999))
        #expect(Self.parse("7u") == .microseconds(7))
        #expect(Self.parse("00000008n") == .nanoseconds(8))
        #expect(Self.parse("99999999H") == .seconds(99_999_999 * 3600))
    }

    @Test(arguments: ["", "S", "1", "10", "1s", "-1S", "1.5S", "123456789S", " 1S", "1S ", "1SS"])
    func whatIsNoTimeoutIsRefused(text: String) {
        #expect(Self.parse(text) == nil)
    }

    @Test func timeoutsAreWrittenAndReadBack() {
        #expect(GRPCTimeout.format(.seconds(10)) == "10000000u")
        #expect(GRPCTimeout.format(.nanoseconds(1)) == "1n")
        #expect(GRPCTimeout.format(.milliseconds(100)) == "100000u")
        #expect(GRPCTimeout.format(.seconds(4_000_000_000)) == "66666667M")
        #expect(GRPCTimeout.format(.seconds(Int64.max)) == "76861434M")
        var random = RandomSource(seed: 4)
        for _ in 0..<1000 {
            let timeout = Duration.nanoseconds(
                Int64(1) << random.below(62) + Int64(random.below(9999)))
            let read = Self.parse(GRPCTimeout.format(timeout)) ?? .zero
            #expect(read >= timeout)
            // At most one unit of the last of eight digits more.
            #expect(read.inSeconds <= timeout.inSeconds * 1.0001 + 1e-9)
        }
    }

    private static func decode(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { PercentEncoding.decode($0) }
    }

    @Test func messagesArePercentEncoded() {
        #expect(PercentEncoding.encode("a b~%\n\u{7F}é") == Array("a b~%25%0A%7F%C3%A9".utf8))
        #expect(Self.decode(Array("%C3%a9 100%25".utf8)) == "é 100%")
    }

    @Test(arguments: ["%", "%2", "a%", "%G0", "%%", "%-1", "100% sure"])
    func aBadEscapeStandsForItself(text: String) {
        #expect(Self.decode(Array(text.utf8)) == text)
    }

    @Test func percentEncodingSurvivesAnyText() {
        var random = RandomSource(seed: 5)
        for _ in 0..<1000 {
            let bytes = (0..<random.below(40)).map { _ in UInt8(random.below(256)) }
            let text = String(decoding: bytes, as: UTF8.self)
            let encoded = PercentEncoding.encode(text)
            #expect(encoded.allSatisfy { (0x20...0x7E).contains($0) })
            #expect(Self.decode(encoded) == text)
            _ = Self.decode(bytes)
        }
    }

    /// HTTP/2 takes a refused stream for one that may be sent again.
    @Test(arguments: StatusCode.allCases)
    func aCallWithoutAnAnswerIsNotResetAsIfUnbegun(code: StatusCode) {
        #expect(code.resetCode(hasAnswered: false) != 7)
        #expect((code.resetCode(hasAnswered: true) == 7) == (code == .unavailable))
    }
}
