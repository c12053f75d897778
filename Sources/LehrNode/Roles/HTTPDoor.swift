/// The address of a process's HTTP door, once it is open.
final class HTTPDoor: Sendable {
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func opened(_ address: String) {
        continuation.yield(address)
        continuation.finish()
    }

    /// Waits until it is open; to be asked once.
    func address() async throws -> String {
        for await address in stream { return address }
        throw CancellationError()
    }
}
