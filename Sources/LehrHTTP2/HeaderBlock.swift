import CNGHTTP2
import Glibc
import LehrRPC

/// A header list being built; kept and used again, so that a call allocates nothing for it.
struct HeaderBlock {
    private var bytes: [UInt8] = []
    /// Lengths of names and values, alternating, in the order of `bytes`.
    private var lengths: [Int] = []
    private var fields: [nghttp2_nv] = []

    /// What HTTP/2 counts for a field of a header list besides its bytes.
    static let fieldOverhead = 32

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
    }

    mutating func append(_ name: StaticString, _ value: some Collection<UInt8>) {
        bytes.append(
            contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(contentsOf: value)
        lengths.append(name.utf8CodeUnitCount)
        lengths.append(value.count)
    }

    mutating func append(_ name: StaticString, _ value: StaticString) {
        append(name, UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    mutating func append(_ name: String, _ value: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: value.utf8)
        lengths.append(name.utf8.count)
        lengths.append(value.utf8.count)
    }

    mutating func append(_ metadata: Metadata) {
        for (name, value) in metadata.entries { append(name, value) }
    }

    /// The list as nghttp2 wants it, which copies what it keeps.
    mutating func withFields<Result>(
        _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result
    ) -> Result {
        fields.removeAll(keepingCapacity: true)
        return bytes.withUnsafeMutableBufferPointer { buffer in
            guard var cursor = buffer.baseAddress else { return body(nil, 0) }
            for index in stride(from: 0, to: lengths.count, by: 2) {
                let (nameCount, valueCount) = (lengths[index], lengths[index + 1])
                fields.append(
                    nghttp2_nv(
                        name: cursor, value: cursor + nameCount, namelen: nameCount,
                        valuelen: valueCount, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
                cursor += nameCount + valueCount
            }
            return fields.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are exactly those of `text`.
    @inline(__always)
    func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && starts(with: text)
    }

    @inline(__always)
    func starts(with text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount, let baseAddress else { return false }
        return memcmp(baseAddress, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    /// `application/grpc`, alone or followed by `+` or `;` and more.
    var isGRPCContentType: Bool {
        let prefix: StaticString = "application/grpc"
        guard starts(with: prefix) else { return false }
        guard count > prefix.utf8CodeUnitCount else { return true }
        let next = self[prefix.utf8CodeUnitCount]
        return next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
    }

    /// nil: the bytes are not UTF-8.
    var validText: String? { String(validating: self, as: UTF8.self) }

    /// What is not UTF-8 is replaced.
    var text: String { String(decoding: self, as: UTF8.self) }
}
