import LehrCluster
import LehrCoordinator
import LehrCore
import LehrRPC
import LehrShard
import LehrTestKit
import Testing

/// One job on a simulated cluster of two shards, from its submission to its end.
struct TrainingRun {
    let cluster: ClusterSandbox
    let status: JobStatus
    /// The distinct values of the running loss, in order.
    let losses: [Double]
    let metrics: [Double]
    /// Parts that went on elsewhere from the middle.
    let resumedInside: Int

    /// - Parameter disturb: called once the job has been submitted.
    init(
        _ spec: String, on data: SampleData, workers: Int = 2,
        _ options: SandboxOptions = SandboxOptions(),
        disturb: (ClusterSandbox, JobID) -> Void = { _, _ in }
    ) throws {
        let cluster = try ClusterSandbox(
            shards: 2, workers: workers, options, files: data.files)
        let job = try cluster.submit(spec)
        disturb(cluster, job)
        var losses: [Double] = []
        var metrics: [Double] = []
        var resumed: Set<[UInt32]> = []
        let hasEnded = cluster.run(for: .seconds(600)) {
            guard let status = cluster.status(of: job) else { return false }
            if status.loss != 0, status.loss != losses.last { losses.append(status.loss) }
            if !status.metricName.isEmpty, metrics.count <= Int(status.metricEpoch) {
                metrics.append(status.metric)
            }
            for part in cluster.parts(of: job) where part.attempt > 1 && !part.isDone {
                if part.floor > 0 { resumed.insert([part.part, part.attempt]) }
            }
            return status.state.hasEnded
        }
        try #require(hasEnded, "seed \(options.seed): the job did not end")
        status = try #require(cluster.status(of: job))
        self.cluster = cluster
        self.losses = losses
        self.metrics = metrics
        resumedInside = resumed.count
    }

    var contents: [String: [UInt64: [UInt32]]] { cluster.contents(of: status.id) }

    /// What exactly-once means, by partition: batches applied and keys pushed.
    var counts: [PartitionID: [UInt64]] {
        var counts: [PartitionID: [UInt64]] = [:]
        for partition in cluster.statistics(of: status.id) {
            counts[partition.partition] = [partition.batchesApplied, partition.rowsPushed]
        }
        return counts
    }

    /// Repeats of batches that owners dropped.
    var repeats: UInt64 {
        cluster.statistics(of: status.id).reduce(0) { $0 + $1.batchesRepeated }
    }
}

extension SandboxOptions {
    /// Of a run that is to be disturbed: with every other seed the network is so slow that workers
    /// report in the middle of a part.
    static func disturbed(_ seed: UInt64) -> SandboxOptions {
        var options = SandboxOptions(seed: seed)
        if seed % 2 == 0 { options.latencyMax = .milliseconds(200) }
        return options
    }
}

/// Requests that a worker sends to the cores of shards.
func isShardCall(_ arrival: InMemoryNetwork.Arrival, _ methods: String...) -> Bool {
    arrival.kind == .request && arrival.path.hasPrefix("/lehr.v1.Shard/")
        && (methods.isEmpty || methods.contains { arrival.path.hasSuffix("/" + $0) })
}
