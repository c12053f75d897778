import Glibc
import Logging

/// How a role writes its log, to standard error.
enum LogFormat: String, CaseIterable {
    /// `text` on a terminal, `json` elsewhere.
    case auto
    /// A line for people.
    case text
    /// A JSON object a line, for programs.
    case json

    func handler(label: String) -> any LogHandler {
        switch self {
        case .auto:
            (isatty(STDERR_FILENO) == 1 ? LogFormat.text : .json).handler(label: label)
        case .text: StreamLogHandler.standardError(label: label)
        case .json: JSONLogHandler(label: label)
        }
    }
}
