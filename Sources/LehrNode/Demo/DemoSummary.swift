import LehrCluster

/// What a demo came to: the object that `--json` writes.
struct DemoSummary: Codable {
    var hrAt10: Double?
    var ndcgAt10: Double?
    var recallAt10: Double?
    var popularityHrAt10: Double?
    var popularityNdcgAt10: Double?
    var popularityRecallAt10: Double?
    var auc: Double?
    var samples: UInt64
    var seconds: Double
    var samplesPerSecond: Double
    var epochs: UInt32
    /// Summed over the processes of a role.
    var cpuSeconds: [String: Double]
    /// Of the largest process of a role.
    var peakRssBytes: [String: UInt64]
    var bytesPulled: UInt64
    var bytesPushed: UInt64

    init(job: JobStatus, figures: Evaluator.Figures, usage: [String: ProcessUsage]) {
        (hrAt10, ndcgAt10, recallAt10) = (figures.hrAt10, figures.ndcgAt10, figures.recallAt10)
        popularityHrAt10 = figures.popularityHrAt10
        popularityNdcgAt10 = figures.popularityNdcgAt10
        popularityRecallAt10 = figures.popularityRecallAt10
        auc = figures.auc
        samples = job.samplesDone
        seconds = job.seconds
        samplesPerSecond = job.seconds > 0 ? Double(job.samplesDone) / job.seconds : 0
        epochs = job.epochs
        cpuSeconds = usage.mapValues(\.cpuSeconds)
        peakRssBytes = usage.mapValues(\.peakBytes)
        bytesPulled = job.bytesPulled
        bytesPushed = job.bytesPushed
    }

    /// For people.
    func show(_ figures: Evaluator.Figures) {
        print(
            "\nOn \(Formatting.count(figures.examples)) held-out examples, scored from the export:")
        print(EvaluationText.table(figures))
        print(
            """

            Trained \(Formatting.count(samples)) samples in \(Formatting.time(seconds)): \
            \(Formatting.count(Int(samplesPerSecond))) samples/s; moved \
            \(Formatting.bytes(bytesPulled)) in pulls, \(Formatting.bytes(bytesPushed)) in pushes.

            """)
        var table = TextTable([("role", .left), ("CPU", .right), ("peak memory", .right)])
        for role in ["coordinator", "shard", "worker", "serving"] {
            guard let cpu = cpuSeconds[role], let peak = peakRssBytes[role] else { continue }
            table.add([role, "\(Formatting.decimal(cpu, 1))s", Formatting.bytes(peak)])
        }
        print(table.text)
    }
}
