package import LehrCluster
package import LehrCore

/// The durable facts of a job.
package struct JobRecord: Hashable, Codable, Sendable {
    package var id: JobID
    package var plan: JobPlan
    package var state: JobState
    package var message: String
    package var generation: UInt32
    package var submittedUnixMilliseconds: UInt64
    package var endedUnixMilliseconds: UInt64?
}

/// How far one part is, and who is at it.
package struct PartRecord: Hashable, Codable, Sendable {
    package var job: JobID
    package var part: UInt32
    /// Batches below this are settled on every owner.
    package var floor: UInt64 = 0
    package var batches: UInt64 = 0
    package var samples: UInt64 = 0
    package var malformedLines: UInt64 = 0
    package var attempt: UInt32 = 0
    package var isDone = false
    package var holder: MemberIncarnation?

    package init(job: JobID, part: UInt32) {
        self.job = job
        self.part = part
    }
}

/// The evaluation after one epoch.
package struct EvaluationRecord: Hashable, Codable, Sendable {
    package var job: JobID
    package var epoch: UInt32
    package var attempt: UInt32 = 0
    package var isDone = false
    package var holder: MemberIncarnation?
    package var metricName = ""
    package var metric: Double = 0

    package init(job: JobID, epoch: UInt32) {
        self.job = job
        self.epoch = epoch
    }
}
