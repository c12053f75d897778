/// Names and values that travel with a call or its answer, in order; names are lower case.
///
/// The values of names that end in `-bin` are bytes in base64, as on the wire; `appendBinary` and
/// `binary` translate.
package struct Metadata: Equatable, Sendable {
    package var entries: [(name: String, value: String)]

    package init(_ entries: [(name: String, value: String)] = []) { self.entries = entries }

    package var isEmpty: Bool { entries.isEmpty }

    package subscript(name: String) -> String? { entries.first { $0.name == name }?.value }

    package static func == (left: Self, right: Self) -> Bool {
        left.entries.elementsEqual(right.entries) { $0 == $1 }
    }

    // MARK: Bytes

    /// `name` ends in `-bin`.
    package mutating func appendBinary(_ name: String, _ bytes: some Sequence<UInt8>) {
        precondition(name.hasSuffix("-bin"), "the name of binary metadata ends in -bin")
        entries.append((name, Base64.encode(bytes)))
    }

    /// Every value of a name that ends in `-bin`; those that are not base64 are left out. One entry
    /// may hold several values with commas between them, and padding or none.
    package func binary(_ name: String) -> [[UInt8]] {
        entries.filter { $0.name == name }.flatMap { entry in
            entry.value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                .compactMap { Base64.decode($0) }
        }
    }

    // MARK: What HTTP and gRPC allow

    /// The first name that may not be sent, or whose value may not; nil: there is none.
    package var firstForbidden: String? {
        entries.first { !Self.isAllowed(name: $0.name) || !Self.isAllowed(value: $0.value) }?.name
    }

    private static let reserved: Set = [
        "te", "content-type", "user-agent", "host", "connection", "keep-alive", "proxy-connection",
        "transfer-encoding", "upgrade",
    ]

    /// What gRPC reserves but leaves to applications: how often a call was tried, and when it may be
    /// tried again.
    private static let ofAttempts: Set = ["grpc-previous-rpc-attempts", "grpc-retry-pushback-ms"]

    private static func isAllowed(name: String) -> Bool {
        let isWord = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x61...0x7A, 0x30...0x39: true
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
            default: false
            }
        }
        guard isWord, !name.isEmpty, !reserved.contains(name) else { return false }
        return !name.hasPrefix("grpc-") || ofAttempts.contains(name)
    }

    /// Visible characters, with spaces and tabs between them.
    private static func isAllowed(value: String) -> Bool {
        let isBlank = { (byte: UInt8?) in byte == 0x20 || byte == 0x09 }
        return !isBlank(value.utf8.first) && !isBlank(value.utf8.last)
            && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}

/// What a handler sends besides messages and status, and how.
package struct ResponseMetadata: Equatable, Sendable {
    /// Goes before the first message.
    package var initial = Metadata()
    /// Goes with the status.
    package var trailing = Metadata()
    /// Messages are sent compressed with gzip, where the caller takes that and it makes them
    /// smaller. To be set before the first; it may change for each after it. In memory: nothing.
    package var compresses = false

    package init() {}

    package var isEmpty: Bool { initial.isEmpty && trailing.isEmpty && !compresses }

    /// For transports: empties what may not be sent and returns the error that the call ends with.
    package mutating func removeForbidden() -> RPCError? {
        var error: RPCError?
        if let name = initial.firstForbidden {
            initial = Metadata()
            error = .forbiddenAnswerMetadata(name)
        }
        if let name = trailing.firstForbidden {
            trailing = Metadata()
            error = error ?? .forbiddenAnswerMetadata(name)
        }
        return error
    }
}
