import LehrCluster
import LehrCore
import LehrMembership
import LehrTable
import LehrWire
import Synchronization

/// Reads tables of a cluster whose partitions may move meanwhile.
final class TableReader: Sendable {
    let client: ControlClient
    private let newest: Mutex<ClusterMap>

    /// Rows pulled at once.
    private static let rowsAtOnce = 8192
    /// How long a partition is asked for that nobody hands out.
    private static let patience = Duration.seconds(30)
    private static let interval = Duration.milliseconds(50)

    private init(_ client: ControlClient, _ map: ClusterMap) {
        self.client = client
        newest = Mutex(map)
    }

    var map: ClusterMap { newest.withLock { $0 } }

    /// Runs `body` with a reader that has heard of `map`, and hears of what changes until it has ended.
    static func with<Value>(
        _ client: ControlClient, _ map: ClusterMap,
        _ body: (TableReader) async throws -> sending Value
    ) async throws -> sending Value {
        let reader = TableReader(client, map)
        async let _ = reader.followMap()
        return try await body(reader)
    }

    /// A coordinator that is away is looked for again: rows stay where they are meanwhile.
    private func followMap() async {
        while !Task.isCancelled {
            do {
                for try await heard in client.watchMap(from: map) {
                    newest.withLock { if heard.version > $0.version { $0 = heard } }
                }
            } catch {}
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    /// The rows of `keys`, however many, in order.
    func pull(_ keys: [UInt64], of table: PlacedTable) async throws -> [Float] {
        var rows: [Float] = []
        rows.reserveCapacity(keys.count * table.spec.dimension)
        for start in stride(from: 0, to: keys.count, by: Self.rowsAtOnce) {
            let end = min(start + Self.rowsAtOnce, keys.count)
            rows += try await client.pull(Array(keys[start..<end]), of: table) { [self] in map }
        }
        return rows
    }

    /// All rows of a partition, from whoever owns it; from its beginning again if that one changes.
    func scan(_ partition: Int, of table: TableID) async throws -> ScannedPartition {
        var failingSince: ContinuousClock.Instant?
        while true {
            let map = map
            guard let table = map.table(table) else {
                throw ClientError("the table has gone from the cluster while it was read")
            }
            let began = ContinuousClock.now
            do {
                return try await client.scan(partition, of: table, on: map)
            } catch let error as ClientError
                where [.aborted, .unavailable].contains(error.code)
            {
                let now = ContinuousClock.now
                // Rows had come for a while: its owner has changed just now.
                if now - began > .seconds(1) { failingSince = nil }
                failingSince = failingSince ?? now
                guard let since = failingSince, now - since < Self.patience else { throw error }
                try await Task.sleep(for: Self.interval)
            }
        }
    }
}
