import LehrCore
import LehrMembership
import LehrWire

extension ControlClient {
    /// How often to look again for a coordinator that has gone away.
    private static let patience = 60

    /// Waits until a partition is on no way, and returns where it is then; nil: its table has gone. The map is
    /// asked for, less and less often; a coordinator that is restarted meanwhile is waited for.
    func awaitMove(of id: PartitionID) async throws -> PlacedPartition? {
        var pause = Duration.milliseconds(20)
        var failures = 0
        while true {
            do {
                guard let table = try await map().table(id.table),
                    table.partitions.indices.contains(Int(id.index))
                else { return nil }
                let placed = table.partitions[Int(id.index)]
                if placed.move == nil { return placed }
                failures = 0
            } catch let error as ClientError {
                failures += 1
                guard error.code == .unavailable, failures < Self.patience else { throw error }
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(500))
        }
    }

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
