import LehrShard
import LehrWeb

// Partitions and rows that come and go, by core.
extension NodeMetrics {
    func describeMoves() {
        let descriptions = [
            ("moved_rows_total", "Rows that went to other cores and that came, by direction."),
            ("arrived_partitions_total", "Partitions that have come from other cores."),
            ("failed_arrivals_total", "Partitions that could not come."),
        ]
        for (name, text) in descriptions { registry.describe("lehr_shard_" + name, text) }
    }
}

/// The series of one core's moves.
struct MoveTotals {
    private let core: (String, String)
    private var rows: Deltas
    private var arrivals: Deltas
    private var failures: Deltas

    init(_ registry: PrometheusRegistry, _ core: (String, String)) {
        self.core = core
        rows = Deltas("lehr_shard_moved_rows_total", registry)
        arrivals = Deltas("lehr_shard_arrived_partitions_total", registry)
        failures = Deltas("lehr_shard_failed_arrivals_total", registry)
    }

    mutating func advance(to counters: MoveCounters) {
        rows.advance(to: counters.rowsSent, [core, ("direction", "out")])
        rows.advance(to: counters.rowsTaken, [core, ("direction", "in")])
        arrivals.advance(to: counters.arrivals, [core])
        failures.advance(to: counters.failures, [core])
    }
}
