import LehrWire

// The errors that every transport gives in the same words.
extension RPCError {
    package static let cancelled = RPCError(.cancelled, "the caller cancelled the call")
    package static let noMessage = RPCError(
        .internal, "the call ended with OK and without a message")

    package static let abandoned = RPCError(
        .internal, "the handler let go of the call without an answer")

    package static func deadlineExceeded(_ path: String) -> RPCError {
        RPCError(.deadlineExceeded, "\(path) took longer than its caller waits")
    }

    package static func connectionLost(_ name: String) -> RPCError {
        RPCError(.unavailable, "the connection to \(name) was lost")
    }

    package static func unknownMethod(_ path: String) -> RPCError {
        RPCError(.unimplemented, "there is no method \(path) here")
    }

    package static func messageTooLarge(_ bytes: Int, _ most: Int) -> RPCError {
        RPCError(.resourceExhausted, "a message of \(bytes) bytes is over the limit of \(most)")
    }

    package static func slowReader(_ path: String, _ bytes: Int) -> RPCError {
        RPCError(
            .resourceExhausted, "the caller of \(path) reads too slowly: \(bytes) bytes are queued")
    }

    package static func slowServer(_ path: String, _ bytes: Int) -> RPCError {
        RPCError(.resourceExhausted, "\(path) reads too slowly: \(bytes) bytes are queued")
    }

    package static func slowRequest(_ path: String) -> RPCError {
        RPCError(.deadlineExceeded, "the request to \(path) has come to a standstill")
    }

    package static func tooMuchHeld(_ bytes: Int) -> RPCError {
        RPCError(.resourceExhausted, "the calls of the connection hold \(bytes) bytes")
    }

    package static func surplusRequest(_ path: String) -> RPCError {
        RPCError(.internal, "\(path) takes one message, not more")
    }

    package static func surplusAnswer(_ path: String) -> RPCError {
        RPCError(.internal, "\(path) was answered with more than one message")
    }

    package static func incompleteRequest(_ path: String) -> RPCError {
        RPCError(.internal, "the request to \(path) ends within a message")
    }

    package static func forbiddenMetadata(_ name: String) -> RPCError {
        RPCError(
            .invalidArgument, "the metadata '\(name)' has a name or value that HTTP forbids")
    }

    package static func forbiddenAnswerMetadata(_ name: String) -> RPCError {
        RPCError(
            .internal,
            "the handler has set the metadata '\(name)' with a name or value that HTTP forbids")
    }
}
