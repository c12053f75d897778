/// The shape of a path: `/v1/models/{name}:recommend`.
///
/// A segment is a literal, or a capture `{name}` that stands for one non-empty segment, optionally
/// followed by a literal suffix.
package struct RoutePattern: Hashable, Sendable, CustomStringConvertible {
    private enum Segment: Hashable {
        case literal(String)
        case capture(name: String, suffix: String)
    }

    package let description: String
    private let segments: [Segment]

    /// `text` starts with `/`, and each `{` opens a segment; anything else is a programmer's error.
    package init(_ text: String) {
        precondition(text.hasPrefix("/"), "a route starts with /")
        description = text
        segments = text.split(separator: "/").map { segment in
            guard segment.hasPrefix("{") else { return .literal(String(segment)) }
            guard let end = segment.firstIndex(of: "}") else {
                preconditionFailure("the capture in \(text) is not closed")
            }
            return .capture(
                name: String(segment[segment.index(after: segment.startIndex)..<end]),
                suffix: String(segment[segment.index(after: end)...]))
        }
    }

    /// The captures' values when `path`, decoded segments, has this shape.
    func match(_ path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var captures: [String: String] = [:]
        for (segment, text) in zip(segments, path) {
            switch segment {
            case .literal(let literal): guard literal == text else { return nil }
            case .capture(let name, let suffix):
                guard text.hasSuffix(suffix), text.utf8.count > suffix.utf8.count else {
                    return nil
                }
                captures[name] = String(text.dropLast(suffix.count))
            }
        }
        return captures
    }

    /// Whether this shape is tried before `other`: literals before captures, long suffixes first.
    func precedes(_ other: RoutePattern) -> Bool {
        for (left, right) in zip(segments, other.segments) {
            switch (left, right) {
            case (.literal, .capture): return true
            case (.capture, .literal): return false
            case (.capture(_, let mine), .capture(_, let theirs)) where mine.count != theirs.count:
                return mine.count > theirs.count
            default: continue
            }
        }
        return description < other.description
    }
}
