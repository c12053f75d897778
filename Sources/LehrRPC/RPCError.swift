package import LehrWire

/// Why a call ended without an answer.
package struct RPCError: Error, Equatable, Sendable, CustomStringConvertible {
    package let code: StatusCode
    package let message: String

    package init(_ code: StatusCode, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.name): \(message)" }
}
