import LehrCluster
import LehrCore
import LehrMembership
import LehrTable

/// A job for programs, with its tables.
struct JobReport: Encodable {
    let job: JobStatus
    let tables: [TableReport]
    /// Of each core that owns some of them.
    let memory: [CoreMemory]
}

/// What the partitions of one table hold and have done, added up.
struct TableReport: Encodable, Sendable {
    var name: String
    var partitions: Int
    var dimension: Int
    var rows: UInt64 = 0
    var bytesUsed: UInt64 = 0
    var bytesReserved: UInt64 = 0
    var rowsPushed: UInt64 = 0
    /// Summed over partitions: a batch counts in each partition that it touches.
    var batchesApplied: UInt64 = 0
    var batchesRepeated: UInt64 = 0
    /// For any reason, and of these for want of room.
    var rowsRefused: UInt64 = 0
    var rowsRefusedAtLimit: UInt64 = 0
    var rowsRetired: UInt64 = 0
    var rowsWidened: UInt64 = 0
    var zeroWeights: UInt64 = 0
}

/// Jobs in words.
enum JobText {
    static func row(_ job: JobStatus) -> [String] {
        [
            "\(job.id.value)", job.name, job.state.rawValue,
            "\(min(job.epoch + 1, job.epochs))/\(job.epochs)",
            "\(Formatting.count(job.samplesDone))/\(Formatting.count(job.samples))",
            job.samplesPerSecond > 0 ? Formatting.count(Int(job.samplesPerSecond)) : "-",
            job.loss > 0 ? Formatting.decimal(job.loss, 4) : "-",
            job.metricName.isEmpty ? "-" : "\(job.metricName) \(Formatting.decimal(job.metric, 4))",
            Formatting.time(job.seconds),
        ]
    }

    static func describe(_ job: JobStatus) -> String {
        var lines = [
            "job        \(job.id.value) (\(job.name)), \(job.state.rawValue)"
        ]
        if !job.message.isEmpty { lines.append("message    \(job.message)") }
        lines += [
            "epoch      \(min(job.epoch + 1, job.epochs)) of \(job.epochs)",
            "parts      \(job.partsDone) of \(job.parts) done, \(job.workers) workers at work",
            "samples    \(Formatting.count(job.samplesDone)) of \(Formatting.count(job.samples))",
            "batches    \(Formatting.count(job.batchesDone)) of \(Formatting.count(job.batches))",
            "loss       \(Formatting.decimal(job.loss, 4))",
        ]
        if !job.metricName.isEmpty {
            lines.append(
                "validation \(job.metricName) \(Formatting.decimal(job.metric, 4)) after epoch "
                    + "\(job.metricEpoch + 1)")
        }
        if job.malformedLines > 0 {
            lines.append("malformed  \(Formatting.count(job.malformedLines)) lines skipped")
        }
        lines += [
            "moved      \(Formatting.bytes(job.bytesPulled)) pulled, "
                + "\(Formatting.bytes(job.bytesPushed)) pushed",
            "time       \(Formatting.time(job.seconds))",
        ]
        return lines.joined(separator: "\n")
    }

    static func tables(_ tables: [PlacedTable], _ counts: [PartitionCount]) -> [TableReport] {
        tables.map { table in
            var report = TableReport(
                name: table.spec.name, partitions: table.partitions.count,
                dimension: table.spec.dimension)
            for count in counts where count.table == table.id.value {
                report.rows += count.rows
                report.bytesUsed += count.bytesUsed
                report.bytesReserved += count.bytesReserved
                report.rowsPushed += count.rowsPushed
                report.batchesApplied += count.batchesApplied
                report.batchesRepeated += count.batchesRepeated
                report.rowsRefused += count.rowsRefused
                report.rowsRefusedAtLimit += count.rowsRefusedAtLimit
                report.rowsRetired += count.rowsRetired
                report.rowsWidened += count.rowsWidened
                report.zeroWeights += count.zeroWeights
            }
            return report
        }
    }

    static func describe(_ tables: [TableReport]) -> String {
        var text = TextTable([
            ("table", .left), ("partitions", .right), ("dim", .right), ("rows", .right),
            ("used", .right), ("reserved", .right), ("rows pushed", .right),
            ("refused", .right), ("retired", .right), ("batches applied", .right),
            ("repeats dropped", .right),
        ])
        for table in tables {
            text.add([
                table.name, "\(table.partitions)", "\(table.dimension)",
                Formatting.count(table.rows), Formatting.bytes(table.bytesUsed),
                Formatting.bytes(table.bytesReserved), Formatting.count(table.rowsPushed),
                Formatting.count(table.rowsRefused), Formatting.count(table.rowsRetired),
                Formatting.count(table.batchesApplied), Formatting.count(table.batchesRepeated),
            ])
        }
        return text.text
    }

    static func describe(_ memory: [CoreMemory]) -> String {
        var text = TextTable([
            ("core", .left), ("memory limit", .right), ("reserved", .right), ("used", .right),
        ])
        for core in memory {
            text.add([
                core.address, core.bytesLimit == 0 ? "-" : Formatting.bytes(core.bytesLimit),
                Formatting.bytes(core.bytesReserved), Formatting.bytes(core.bytesUsed),
            ])
        }
        return text.text
    }
}
