import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC

/// What every task needs of its worker.
struct TaskEnvironment {
    let core: any Core
    let client: TableClient
    let blocks: BlockSource
    let map: () -> ClusterMap?

    /// How long to wait for the map to show a new job's tables before asking again.
    private static let mapPause = Duration.milliseconds(20)

    /// Calls `body` with the job's tables as soon as the map has them, while `isWanted`.
    func withTables(
        of job: JobContext, while isWanted: @escaping () -> Bool,
        _ body: @escaping ([PlacedTable]) -> Void
    ) {
        guard isWanted() else { return }
        if let tables = job.tables(on: map()) { return body(tables) }
        _ = core.schedule(after: Self.mapPause) {
            withTables(of: job, while: isWanted, body)
        }
    }
}
