import LehrWire

extension ControlClient {
    /// How often to look again for a coordinator that has gone away.
    private static let patience = 60

    /// Hands what the streams that `begin` opens bring to `show`, one stream after another, until one has
    /// ended with what `isLast`, which is returned. Once something has come, a coordinator that is
    /// restarted is waited for.
    @discardableResult
    func follow<Element: Sendable>(
        _ begin: () -> AsyncThrowingStream<Element, any Error>,
        _ show: (Element) throws -> Void, until isLast: (Element) -> Bool
    ) async throws -> Element {
        var last: Element?
        var failures = 0
        while true {
            do {
                for try await element in begin() {
                    (last, failures) = (element, 0)
                    try show(element)
                }
                if let last, isLast(last) { return last }
            } catch let error as ClientError {
                failures += 1
                guard last != nil, error.code == .unavailable, failures < Self.patience else {
                    throw error
                }
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}
