import LehrCore
import LehrRPC
import LehrWire

@testable import LehrHTTP2
@testable import LehrRPC

/// Everything that is read from the text of headers and addresses.
enum MetadataTarget {
    static let target = FuzzTarget(name: "metadata", inputBytesMax: 1024) { input in
        var reader = InputReader(input)
        let choice = reader.below(10)
        let bytes = reader.remainder()
        let text = String(decoding: bytes, as: UTF8.self)
        switch choice {
        case 0: try requestHead(bytes)
        case 1: try responseHead(bytes)
        case 2: try percentEncoding(bytes, text)
        case 3: try base64(bytes)
        case 4: try timeout(bytes)
        case 5: try hostPort(text)
        case 6: try trace(text)
        case 7: try identity(text)
        case 8: try metadata(text)
        default: _ = FieldsOf(bytes).list
        }
    }

    /// Names and values, each behind a byte with its length.
    private struct FieldsOf {
        var list: [(name: [UInt8], value: [UInt8])] = []

        init(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { bytes in
                var reader = InputReader(bytes)
                while !reader.isAtEnd {
                    let name = reader.bytes(Int(reader.byte() % 64))
                    list.append((name, reader.bytes(Int(reader.byte()))))
                }
            }
        }

        func each(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void) {
            for (name, value) in list {
                name.withUnsafeBytes { name in value.withUnsafeBytes { body(name, $0) } }
            }
        }

        var byteCount: Int { list.reduce(0) { $0 + $1.name.count + $1.value.count + 32 } }
    }

    private static let headerBytesMax = 600

    private static func requestHead(_ bytes: [UInt8]) throws(FuzzFailure) {
        let fields = FieldsOf(bytes)
        var head = RequestHead()
        fields.each { head.add($0, $1, bytesMax: headerBytesMax) }
        let kept = head.metadata.entries.reduce(0) { $0 + $1.name.utf8.count }
        try require(kept <= 3 * headerBytesMax, "\(kept) bytes of names are kept")
        if fields.byteCount > headerBytesMax {
            try require(head.refusal != nil, "too long a head is no error")
        }
        if let timeout = head.timeout { try require(timeout >= .zero, "a timeout below 0") }
    }

    private static func responseHead(_ bytes: [UInt8]) throws(FuzzFailure) {
        let fields = FieldsOf(bytes)
        var head = ResponseHead()
        var count = 0
        fields.each {
            head.add($0, $1, isTrailer: count > 2, bytesMax: headerBytesMax)
            count += 1
        }
        let error = head.outcome("/f/F")
        if fields.byteCount > headerBytesMax {
            try require(error?.code == .resourceExhausted, "too long a head is no error")
        }
        try require(error?.code != .ok, "an error of code OK")
    }

    private static func percentEncoding(_ bytes: [UInt8], _ text: String) throws(FuzzFailure) {
        let decoded = bytes.withUnsafeBytes { PercentEncoding.decode($0) }
        // What is not UTF-8 takes three bytes for one.
        try require(decoded.utf8.count <= 3 * bytes.count, "a text grows by decoding")
        let encoded = PercentEncoding.encode(text)
        try require(
            encoded.allSatisfy { (0x20...0x7E).contains($0) }, "an encoded text is not printable")
        let back = encoded.withUnsafeBytes { PercentEncoding.decode($0) }
        try require(Array(back.utf8) == Array(text.utf8), "a text comes back changed")
    }

    private static func base64(_ bytes: [UInt8]) throws(FuzzFailure) {
        try require(
            Base64.decode(Array(Base64.encode(bytes).utf8)) == bytes, "bytes come back changed")
        guard let decoded = Base64.decode(bytes) else { return }
        try require(decoded.count <= bytes.count, "a text grows by decoding")
        let again = Base64.decode(Array(Base64.encode(decoded).utf8))
        try require(again == decoded, "bytes come back changed the second time")
    }

    private static func timeout(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard let timeout = bytes.withUnsafeBytes({ GRPCTimeout.parse($0) }) else { return }
        try require(timeout >= .zero, "a timeout below 0")
        let text = GRPCTimeout.format(timeout)
        guard let back = Array(text.utf8).withUnsafeBytes({ GRPCTimeout.parse($0) }) else {
            throw FuzzFailure("our own timeout \(text) is not one")
        }
        try require(
            back >= .nanoseconds(timeout.nanoseconds), "the timeout \(timeout) is sent as \(text)")
    }

    private static func hostPort(_ text: String) throws(FuzzFailure) {
        guard let address = try? HostPort(text) else { return }
        guard let back = try? HostPort(address.description) else {
            throw FuzzFailure("our own address \(address) is not one")
        }
        try require(back == address, "an address comes back changed: \(back)")
    }

    private static func trace(_ text: String) throws(FuzzFailure) {
        let context = CallContext(
            method: "/f/F", peer: "", deadline: nil,
            metadata: Metadata([("tracestate", "a=1"), ("traceparent", text)]))
        let trace = context.trace
        // Only what HTTP/2 lets through arrives.
        let isSendable = Metadata([("traceparent", text)]).firstForbidden == nil
        guard !trace.isEmpty, isSendable else { return }
        try require(trace["traceparent"] == text && text.utf8.count >= 55, "a trace changes")
        try require(trace.firstForbidden == nil, "a trace may not be sent")
    }

    private static func identity(_ text: String) throws(FuzzFailure) {
        guard let identity = PeerIdentity(uri: text) else { return }
        try require(identity.uri == text, "an identity comes back changed: \(identity)")
        try require(
            [identity.cluster, identity.role, identity.name].allSatisfy { PeerIdentity.isPart($0) },
            "a part of an identity is none")
    }

    private static func metadata(_ text: String) throws(FuzzFailure) {
        let parts = text.split(separator: "\n", omittingEmptySubsequences: false)
        let entries = stride(from: 0, to: parts.count - 1, by: 2).map {
            (name: String(parts[$0]), value: String(parts[$0 + 1]))
        }
        let metadata = Metadata(entries)
        for entry in entries where entry.name.hasSuffix("-bin") {
            for bytes in metadata.binary(entry.name) {
                try require(bytes.count <= text.utf8.count, "metadata grows by decoding")
            }
        }
        var answer = ResponseMetadata()
        answer.initial = metadata
        let error = answer.removeForbidden()
        try require(
            (error == nil) == (metadata.firstForbidden == nil), "forbidden metadata is sent")
        try require(answer.initial.firstForbidden == nil, "forbidden metadata is left")
    }
}
