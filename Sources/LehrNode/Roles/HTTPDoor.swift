import ServiceLifecycle

/// The address of a process's HTTP door, once it is open.
final class HTTPDoor: Sendable {
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func opened(_ address: String) {
        continuation.yield(address)
        continuation.finish()
    }

    /// Waits until it is open, or until shutdown begins because it cannot be; to be asked once.
    func address() async throws -> String {
        let address = await cancelWhenGracefulShutdown { [stream] in
            await stream.first { _ in true }
        }
        guard let address else { throw CancellationError() }
        return address
    }
}
