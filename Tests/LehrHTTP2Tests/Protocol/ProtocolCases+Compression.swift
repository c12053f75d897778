@testable import LehrHTTP2

// RFC 7541: how lists of fields are made smaller.
extension ProtocolCase {
    private static func list(_ block: [UInt8], stream: UInt32 = 1) -> [UInt8] {
        Frames.frame(1, flags: 5, stream: stream, block)
    }

    private static let fields: [UInt8] = Frames.fields("/t/Echo")

    /// A field whose value is `bytes`, said to be in Huffman's code.
    private static func huffman(_ bytes: [UInt8]) -> [UInt8] {
        [0] + HPACK.text("x") + HPACK.number(bytes.count, bits: 7, first: 0x80) + bytes
    }

    private static func broken(_ section: String, _ rule: String, _ block: [UInt8]) -> ProtocolCase
    {
        ProtocolCase(
            "\(section) of 7541", rule, list(block), outcome: .connectionError(Code.compression))
    }

    private static func fine(_ section: String, _ rule: String, _ block: [UInt8]) -> ProtocolCase {
        ProtocolCase("\(section) of 7541", rule, list(block), outcome: .answered(1))
    }

    static let compression: [ProtocolCase] = [
        fine("6.1", "fields of the static table", [0x83, 0x86] + fields.dropFirst(28)),
        fine("6.2.1", "a new name goes into the table", fields + HPACK.added("x-a", "1")),
        fine("6.2.1", "a known name with a new value", fields + [0x7A] + HPACK.text("lehr")),
        fine("6.2.2", "a known name, not kept", fields + [0x0F, 0x2B] + HPACK.text("lehr")),
        fine(
            "6.2.3", "a field that is never kept",
            fields + [0x10] + HPACK.text("x") + HPACK.text("1")),
        fine("5.2", "Huffman's code", fields + huffman([0x9D, 0x29, 0xAD, 0x17, 0x18])),
        fine(
            "5.1", "a number with a zero more than it needs",
            fields + [0] + HPACK.text("x") + [0x7F, 0x80, 0x00]
                + [UInt8](repeating: UInt8(ascii: "a"), count: 127)),
        fine(
            "4.2", "the table may shrink and grow again",
            HPACK.tableSize(0) + HPACK.tableSize(4096) + fields),
        ProtocolCase(
            "2.3.2 of 7541", "the newest entry comes first",
            list(fields + HPACK.added("x-a", "1") + HPACK.added("x-b", "2")),
            list(fields + HPACK.indexed(62) + HPACK.indexed(63), stream: 3), outcome: .answered(3)),
        ProtocolCase(
            "4.4 of 7541", "an entry larger than the table empties it",
            list(fields + HPACK.added("x-a", "1")),
            list(fields + HPACK.added("x-b", String(repeating: "b", count: 5000)), stream: 3),
            list(fields + HPACK.indexed(62), stream: 5),
            outcome: .connectionError(Code.compression)),
        ProtocolCase(
            "4.4 of 7541", "old entries make room",
            list(fields + HPACK.added("x-a", String(repeating: "a", count: 3000))),
            list(fields + HPACK.added("x-b", String(repeating: "b", count: 3000)), stream: 3),
            list(fields + HPACK.indexed(63), stream: 5),
            outcome: .connectionError(Code.compression)),
        ProtocolCase(
            "4.3 of 7541", "a table of no size is empty", list(fields + HPACK.added("x-a", "1")),
            list(HPACK.tableSize(0) + fields, stream: 3),
            list(fields + HPACK.indexed(62), stream: 5),
            outcome: .connectionError(Code.compression)),
        // The requests of its appendix C.4, one after the other; GET is not for us, but answered.
        ProtocolCase(
            "C.4 of 7541", "the examples with Huffman's code",
            list([
                0x82, 0x86, 0x84, 0x41, 0x8C, 0xF1, 0xE3, 0xC2, 0xE5, 0xF2, 0x3A, 0x6B, 0xA0, 0xAB,
                0x90, 0xF4, 0xFF,
            ]),
            list(
                [0x82, 0x86, 0x84, 0xBE, 0x58, 0x86, 0xA8, 0xEB, 0x10, 0x64, 0x9C, 0xBF], stream: 3),
            list(
                [
                    0x82, 0x87, 0x85, 0xBF, 0x40, 0x88, 0x25, 0xA8, 0x49, 0xE9, 0x5B, 0xA9, 0x7D,
                    0x7F, 0x89, 0x25, 0xA8, 0x49, 0xE9, 0x5B, 0xB8, 0xE8, 0xB4, 0xBF,
                ], stream: 5), outcome: .answered(5)),
    ]

    static let compressionErrors: [ProtocolCase] = [
        broken("2.3.3", "an index beyond both tables", fields + HPACK.indexed(70)),
        broken(
            "2.3.3", "a name's index beyond both tables",
            fields + [0x40 | 63, 70 - 63] + HPACK.text("1")),
        broken("6.1", "the index 0", fields + [0x80]),
        broken("4.2", "a new size at the end of a list", fields + HPACK.tableSize(0)),
        broken("6.3", "a size above what was allowed", HPACK.tableSize(4097) + fields),
        broken(
            "5.1", "a number without an end", fields + [0xFF, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]),
        broken("5.1", "a number that is too large", fields + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
        broken("5.2", "a text longer than its list", fields + [0] + HPACK.text("x") + [100, 65]),
        broken("5.2", "a name longer than its list", fields + [0, 100, 65]),
        broken("5.2", "a field without a value", fields + [0] + HPACK.text("x")),
        broken("5.2", "padding of more than seven bits", fields + huffman([0x9D, 0x29, 0xFF])),
        broken("5.2", "padding with zeros", fields + huffman([0x9D, 0x29, 0xAD, 0x17, 0x00])),
        broken("5.2", "the end of a text within it", fields + huffman([0xFF, 0xFF, 0xFF, 0xFF])),
    ]
}
