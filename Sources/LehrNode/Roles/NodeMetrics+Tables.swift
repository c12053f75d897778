import LehrShard
import LehrWeb
import Metrics

// What a shard's tables hold and have done, added up by core.
extension NodeMetrics {
    func describeTables() {
        let descriptions = [
            ("rows", "Rows held."),
            ("used_bytes", "Bytes of rows and index in use."),
            ("reserved_bytes", "Bytes that tables have taken for rows and index."),
            ("zero_weights", "Floats of weights that are zero, where the optimizer makes such."),
            ("refused_rows_total", "Gradients refused, by reason."),
            ("retired_rows_total", "Rows given up to make room for others."),
            ("widened_rows_total", "Narrow rows that have got their full width."),
            ("memory_limit_bytes", "Most bytes that a core's tables may take."),
            ("memory_reserved_bytes", "Bytes of huge pages in use or kept ready."),
            ("memory_used_bytes", "Bytes of the blocks that huge pages were cut into."),
            ("unprepared_pages_total", "Huge pages taken before anything had touched them."),
        ]
        for (name, text) in descriptions { registry.describe("lehr_shard_" + name, text) }
    }
}

/// The series of one core's tables.
struct TableTotals {
    private typealias Gauge = (meter: Meter, value: (Sums) -> Int)

    private let core: (String, String)
    private let gauges: [Gauge]
    private var refused: Deltas
    private var retired: Deltas
    private var widened: Deltas
    private var unprepared: Deltas

    /// Over all partitions of the core.
    private struct Sums {
        var rows = 0
        var used = 0
        var reserved = 0
        var zeroWeights = 0
        var refusedAtLimit: UInt64 = 0
        var refusedOtherwise: UInt64 = 0
        var retired: UInt64 = 0
        var widened: UInt64 = 0
        var memory: MemoryStatistics
    }

    init(_ registry: PrometheusRegistry, _ core: (String, String)) {
        self.core = core
        let values: [(String, (Sums) -> Int)] = [
            ("rows", { $0.rows }), ("used_bytes", { $0.used }),
            ("reserved_bytes", { $0.reserved }), ("zero_weights", { $0.zeroWeights }),
            ("memory_limit_bytes", { $0.memory.bytesLimit ?? 0 }),
            ("memory_reserved_bytes", { $0.memory.bytesReserved }),
            ("memory_used_bytes", { $0.memory.bytesUsed }),
        ]
        gauges = values.map { name, value in
            (Meter(label: "lehr_shard_" + name, dimensions: [core], factory: registry), value)
        }
        refused = Deltas("lehr_shard_refused_rows_total", registry)
        retired = Deltas("lehr_shard_retired_rows_total", registry)
        widened = Deltas("lehr_shard_widened_rows_total", registry)
        unprepared = Deltas("lehr_shard_unprepared_pages_total", registry)
    }

    mutating func advance(to partitions: [PartitionStatistics], _ memory: MemoryStatistics) {
        var sums = Sums(memory: memory)
        for partition in partitions {
            sums.rows += partition.rows
            sums.used += partition.bytesUsed
            sums.reserved += partition.bytesReserved
            sums.zeroWeights += partition.zeroWeights
            sums.refusedAtLimit += partition.rowsRefusedAtLimit
            sums.refusedOtherwise += partition.rowsRefused - partition.rowsRefusedAtLimit
            sums.retired += partition.rowsRetired
            sums.widened += partition.rowsWidened
        }
        for gauge in gauges { gauge.meter.set(gauge.value(sums)) }
        refused.advance(to: sums.refusedAtLimit, [core, ("reason", "limit")])
        refused.advance(to: sums.refusedOtherwise, [core, ("reason", "not_a_number")])
        retired.advance(to: sums.retired, [core])
        widened.advance(to: sums.widened, [core])
        unprepared.advance(to: memory.pagesUnprepared, [core])
    }
}
