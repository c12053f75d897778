/// Why a process must end although nobody asked it to.
struct FatalError: Error, CustomStringConvertible {
    let description: String
    /// See `ExitStatus`.
    let status: ExitStatus
}

/// The exit statuses of a role; a supervisor can tell what is worth a restart.
enum ExitStatus: Int32 {
    /// A wrong flag, file or environment variable.
    case configuration = 64
    /// An address could not be bound.
    case address = 69
    /// State could not be read or written.
    case state = 74
    /// The coordinator refuses this process.
    case refused = 77
}

/// Lets a core end the process: `wait` returns once `report` was called, with the first reason.
final class FatalSignal: Sendable {
    private let stream: AsyncStream<FatalError>
    private let continuation: AsyncStream<FatalError>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    func report(_ description: String, _ status: ExitStatus) {
        continuation.yield(FatalError(description: description, status: status))
    }

    /// Ends the process in order: what it was there for is done.
    func finish() { continuation.finish() }

    /// The first reason; nil when there is none, or the task was cancelled.
    func wait() async -> FatalError? {
        for await error in stream { return error }
        return nil
    }
}
