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

    /// Runs `body` with a reader that has heard of `map`, and hears of what changes until it has ended. A
    /// coordinator that does not come back ends the hearing, not the reading: rows stay where they are.
    static func with<Value>(
        _ client: ControlClient, _ map: ClusterMap,
        _ body: (TableReader) async throws -> sending Value
    ) async throws -> sending Value {
        let reader = TableReader(client, map)
        async let _ = reader.followMap()
        return try await body(reader)
    }

    private func followMap() async throws {
        try await client.follow({ client.watchMap(from: map) }) { heard in
            newest.withLock { if heard.version > $0.version { $0 = heard } }
        } until: { _ in
            false
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
        let end = ContinuousClock.now + Self.patience
        while true {
            let map = map
            guard let table = map.table(table) else {
                throw ClientError("the table has gone from the cluster while it was read")
            }
            do {
                return try await client.scan(partition, of: table, on: map)
            } catch let error as ClientError
                where [.aborted, .unavailable].contains(error.code) && ContinuousClock.now < end
            {
                try await Task.sleep(for: Self.interval)
            }
        }
    }
}
