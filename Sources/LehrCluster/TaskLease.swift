import CLehrWire
package import LehrCore
package import LehrWire

/// A piece of a job that one worker does at a time.
package struct TaskLease: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable {
        case train
        case evaluate
    }

    package var kind: Kind
    package var job: JobID
    package var generation: UInt32
    /// Numbered across epochs: `epoch * files + file`. For an evaluation, the epoch.
    package var part: UInt32
    package var epoch: UInt32
    /// Grows each time the task is leased anew.
    package var attempt: UInt32
    /// The file to read.
    package var path: String
    /// The first batch that is not known to be settled on every owner.
    package var firstBatch: UInt64
    /// Parts below this are done.
    package var partFloor: UInt32

    package init(
        kind: Kind, job: JobID, generation: UInt32, part: UInt32, epoch: UInt32, attempt: UInt32,
        path: String, firstBatch: UInt64, partFloor: UInt32
    ) {
        self.kind = kind
        self.job = job
        self.generation = generation
        self.part = part
        self.epoch = epoch
        self.attempt = attempt
        self.path = path
        self.firstBatch = firstBatch
        self.partFloor = partFloor
    }
}

/// How far a worker is with a task.
package struct TaskReport: Sendable, Equatable {
    package var kind: TaskLease.Kind
    package var job: JobID
    package var generation: UInt32
    package var part: UInt32
    package var attempt: UInt32
    /// Batches below this are settled on every owner.
    package var floor: UInt64 = 0
    /// Batches in the whole part; 0 while not known.
    package var batches: UInt64 = 0
    /// Examples in the batches below `floor`.
    package var samples: UInt64 = 0
    /// Sums over this attempt.
    package var lossSum: Double = 0
    package var lossSamples: UInt64 = 0
    package var malformedLines: UInt64 = 0
    package var bytesPulled: UInt64 = 0
    package var bytesPushed: UInt64 = 0
    package var isDone = false
    /// Not empty: the task cannot be done, and why.
    package var failure = ""
    package var metricName = ""
    package var metric: Double = 0
    /// The placement of the job's tables that the acknowledgements came from.
    package var placement = PartitionIncarnation(0)

    package init(of task: TaskLease) {
        kind = task.kind
        job = task.job
        generation = task.generation
        part = task.part
        attempt = task.attempt
    }
}

extension TaskLease {
    /// Nil when the answer carries no task.
    package init?(wire: borrowing Wire.Task) {
        let kind: Kind
        switch wire.kind.rawValue {
        case 1: kind = .train
        case 2: kind = .evaluate
        default: return nil
        }
        self.init(
            kind: kind, job: JobID(wire.job), generation: wire.generation, part: wire.part,
            epoch: wire.epoch, attempt: wire.attempt, path: text(wire.path),
            firstBatch: wire.first_batch, partFloor: wire.part_floor)
    }

    package func fill(_ wire: inout Wire.Task, _ arena: WireArena) {
        wire.kind = .init(rawValue: kind.wire)
        wire.job = job.value
        wire.generation = generation
        (wire.part, wire.epoch, wire.attempt) = (part, epoch, attempt)
        wire.path = arena.string(path)
        wire.first_batch = firstBatch
        wire.part_floor = partFloor
    }
}

extension TaskLease.Kind {
    fileprivate var wire: UInt32 {
        switch self {
        case .train: 1
        case .evaluate: 2
        }
    }
}

extension TaskReport {
    package init(wire: borrowing Wire.ReportTaskRequest) throws(TranslationError) {
        switch wire.kind.rawValue {
        case 1: kind = .train
        case 2: kind = .evaluate
        default: throw TranslationError("a report is of a training or an evaluation task")
        }
        job = JobID(wire.job)
        generation = wire.generation
        (part, attempt) = (wire.part, wire.attempt)
        (floor, batches, samples) = (wire.floor, wire.batches, wire.samples)
        (lossSum, lossSamples) = (wire.loss_sum, wire.loss_samples)
        malformedLines = wire.malformed_lines
        (bytesPulled, bytesPushed) = (wire.bytes_pulled, wire.bytes_pushed)
        isDone = wire.done != 0
        failure = text(wire.failure)
        (metricName, metric) = (text(wire.metric_name), wire.metric)
        placement = PartitionIncarnation(wire.placement)
        if let problem { throw TranslationError(problem) }
    }

    /// Of any count in a report; sums over a million parts stay far below 2^64.
    private static let countMax: UInt64 = 1 << 40

    /// What cannot be true of any task, or nil.
    private var problem: String? {
        if floor > batches { return "floor is \(floor), but there are \(batches) batches" }
        if isDone, floor < batches {
            return "a task is not done before its \(batches) batches are settled, floor is \(floor)"
        }
        let counts = [
            ("batches", batches), ("samples", samples), ("loss_samples", lossSamples),
            ("malformed_lines", malformedLines), ("bytes_pulled", bytesPulled >> 16),
            ("bytes_pushed", bytesPushed >> 16),
        ]
        if let count = counts.first(where: { $0.1 > Self.countMax }) {
            return "\(count.0) is beyond all bounds"
        }
        return lossSum.isFinite && metric.isFinite ? nil : "a loss or a metric is not a number"
    }

    package func fill(_ wire: inout Wire.ReportTaskRequest, _ arena: WireArena) {
        wire.kind = .init(rawValue: kind.wire)
        wire.job = job.value
        wire.generation = generation
        (wire.part, wire.attempt) = (part, attempt)
        (wire.floor, wire.batches, wire.samples) = (floor, batches, samples)
        (wire.loss_sum, wire.loss_samples) = (lossSum, lossSamples)
        wire.malformed_lines = malformedLines
        (wire.bytes_pulled, wire.bytes_pushed) = (bytesPulled, bytesPushed)
        wire.done = isDone ? 1 : 0
        wire.failure = arena.string(failure)
        wire.metric_name = arena.string(metricName)
        wire.metric = metric
        wire.placement = placement.value
    }
}
