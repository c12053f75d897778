package import LehrCore

// What a handler passes on to the calls that it makes for its caller.
extension CallContext {
    /// The caller's `traceparent` and `tracestate` of W3C Trace Context, if they are well-formed.
    package var trace: Metadata {
        guard let parent = metadata["traceparent"], Self.isTraceParent(parent) else {
            return Metadata()
        }
        let states = metadata.entries.filter { $0.name == "tracestate" }
        return Metadata([("traceparent", parent)] + states)
    }

    /// `00-TRACE-PARENT-FLAGS` in lower-case hexadecimal digits, of 32, 16 and 2; neither id is 0.
    /// Versions to come may add more behind a dash.
    private static func isTraceParent(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[..<4].map(\.count) == [2, 32, 16, 2] else { return false }
        let areDigits = parts[..<4].allSatisfy { part in
            part.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
        let isZero = { (part: Substring.UTF8View) in part.allSatisfy { $0 == 0x30 } }
        guard areDigits, !isZero(parts[1]), !isZero(parts[2]) else { return false }
        return parts[0].elementsEqual("00".utf8)
            ? parts.count == 4 : !parts[0].elementsEqual("ff".utf8)
    }
}

extension CallOptions {
    /// Options of a call made on behalf of another: it ends with that one's deadline at the latest
    /// and belongs to the same trace.
    package init(
        continuing context: CallContext, at now: Instant, timeout: Duration? = .seconds(10)
    ) {
        let left = context.deadline.map { max($0 - now, .zero) }
        let least = [timeout, left].compactMap { $0 }.min()
        self.init(timeout: least, metadata: context.trace)
    }
}
