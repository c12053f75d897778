import FoundationEssentials
import Glibc
import LehrCore
import LehrWeb
import Logging

/// Writes each entry of a log as one line: a JSON object with `time`, `level`, `logger`, `message` and,
/// where there is any, `metadata`.
struct JSONLogHandler: LogHandler {
    let label: String
    var logLevel: Logger.Level = .info
    var metadata: Logger.Metadata = [:]
    private let now: @Sendable () -> Date
    private let write: @Sendable ([UInt8]) -> Void

    /// UTC, to the millisecond.
    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    init(
        label: String, now: @escaping @Sendable () -> Date = { Date() },
        write: @escaping @Sendable ([UInt8]) -> Void = Self.toStandardError
    ) {
        self.label = label
        self.now = now
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = metadata.merging(event.metadata ?? [:]) { $1 }
        var json = JSONWriter()
        json.object { json in
            json.field("time", now().formatted(Self.time))
            json.field("level", event.level.rawValue)
            json.field("logger", label)
            json.field("message", "\(event.message)")
            if let error = event.error { json.field("error", "\(error)") }
            if !metadata.isEmpty {
                json.field("metadata") { Self.write(.dictionary(metadata), to: &$0) }
            }
        }
        json.endLine()
        write(json.bytes)
    }

    private static func write(_ value: Logger.MetadataValue, to json: inout JSONWriter) {
        switch value {
        case .string(let text): json.value(text)
        case .stringConvertible(let value): json.value("\(value)")
        case .array(let values):
            json.array { json in
                for value in values { write(value, to: &json) }
            }
        case .dictionary(let values):
            json.object { json in
                for (key, value) in values.sorted(by: { $0.key < $1.key }) {
                    json.field(key) { write(value, to: &$0) }
                }
            }
        @unknown default: json.value("\(value)")
        }
    }

    /// At once, so that lines of several threads do not mix; what the system does not take is lost.
    private static func toStandardError(_ line: [UInt8]) {
        _ = line.withUnsafeBytes { writeAll($0, to: STDERR_FILENO) }
    }
}
