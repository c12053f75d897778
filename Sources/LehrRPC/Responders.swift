package import LehrWire

/// Where a unary handler puts its answer: at once, or later from the same core.
///
/// Exactly one answer counts. A handler that lets go of it unanswered has ended the call with
/// INTERNAL, so that no caller waits for ever.
package final class UnaryResponder {
    package typealias Completion = (Result<[UInt8], RPCError>, ResponseMetadata) -> Void

    private var complete: Completion?
    /// Goes with the answer; set it before.
    package var metadata = ResponseMetadata()
    /// Called once if the caller goes away before the answer; set it to stop useless work.
    package var onCancel: (() -> Void)?

    package init(_ complete: @escaping Completion) {
        self.complete = complete
    }

    /// False once it was answered or its caller has gone.
    package var isOpen: Bool { complete != nil }

    package func finish(_ result: Result<[UInt8], RPCError>) {
        let complete = complete.take()
        onCancel = nil
        complete?(result, metadata)
    }

    package func succeed(_ message: [UInt8]) { finish(.success(message)) }

    package func fail(_ code: StatusCode, _ message: String) {
        finish(.failure(RPCError(code, message)))
    }

    /// For transports: the caller has gone.
    package func cancelled() {
        complete = nil
        onCancel.take()?()
    }

    deinit {
        complete?(.failure(.abandoned), metadata)
    }
}
