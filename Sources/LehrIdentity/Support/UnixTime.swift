// Its headers bring `tm` too, and where they come first it is theirs.
import COpenSSL
import Glibc

/// A moment by the wall clock, in seconds since 1970: what certificates and tokens end by.
package struct UnixTime: Hashable, Comparable, Sendable {
    package let seconds: Int64

    package static let secondsPerDay: Int64 = 86_400

    package init(_ seconds: Int64) { self.seconds = seconds }

    package static func < (left: Self, right: Self) -> Bool { left.seconds < right.seconds }

    package static func + (time: Self, seconds: Int64) -> Self { Self(time.seconds + seconds) }

    package static func - (left: Self, right: Self) -> Int64 { left.seconds - right.seconds }
}

extension UnixTime: CustomStringConvertible {
    /// `2026-11-25T22:40:00Z`.
    package var description: String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func padded(_ value: some BinaryInteger, _ digits: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(digits - text.count, 0)) + text
        }
        let date = [
            padded(parts.tm_year + 1900, 4), padded(parts.tm_mon + 1, 2), padded(parts.tm_mday, 2),
        ].joined(separator: "-")
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded($0, 2) }
        return "\(date)T\(clock.joined(separator: ":"))Z"
    }

    /// Reads what `description` writes, and nothing else.
    package init?(_ text: some StringProtocol) {
        var parts = tm()
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        let bytes = Array(text.utf8)
        guard bytes.count == 20 else { return nil }
        func number(_ range: Range<Int>) -> Int32? {
            bytes[range].allSatisfy(isDigit)
                ? Int32(String(decoding: bytes[range], as: UTF8.self)) : nil
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19)
        else { return nil }
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
        self.init(Int64(timegm(&parts)))
        // Refuses other separators, and what does not exist, such as the 30th of February.
        guard description == text else { return nil }
    }
}
