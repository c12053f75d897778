import CLehrWire
package import LehrCore
package import LehrWire

package enum JobState: String, Sendable, Codable {
    case running
    case completed
    case failed
    case stopped

    package var hasEnded: Bool { self != .running }
}

/// A job as people and programs see it.
package struct JobStatus: Sendable, Equatable, Codable {
    package var id: JobID
    package var name: String
    package var state: JobState
    /// Why it failed; empty otherwise.
    package var message = ""
    package var generation: UInt32 = 1
    package var spec = ""
    package var submittedUnixMilliseconds: UInt64 = 0
    /// The lowest epoch that is not complete, from 0.
    package var epoch: UInt32 = 0
    package var epochs: UInt32 = 0
    package var partsDone: UInt32 = 0
    package var parts: UInt32 = 0
    package var samplesDone: UInt64 = 0
    package var samples: UInt64 = 0
    package var samplesPerSecond: Double = 0
    package var loss: Double = 0
    package var metricName = ""
    package var metric: Double = 0
    package var metricEpoch: UInt32 = 0
    package var batchesDone: UInt64 = 0
    package var batches: UInt64 = 0
    package var malformedLines: UInt64 = 0
    package var bytesPulled: UInt64 = 0
    package var bytesPushed: UInt64 = 0
    package var seconds: Double = 0
    package var workers: UInt32 = 0

    package init(id: JobID, name: String, state: JobState) {
        self.id = id
        self.name = name
        self.state = state
    }
}

extension JobState {
    init?(wire: UInt32) {
        switch wire {
        case 1: self = .running
        case 2: self = .completed
        case 3: self = .failed
        case 4: self = .stopped
        default: return nil
        }
    }

    var wire: UInt32 {
        switch self {
        case .running: 1
        case .completed: 2
        case .failed: 3
        case .stopped: 4
        }
    }
}

extension JobStatus {
    package init(wire: borrowing Wire.Job) throws(TranslationError) {
        guard let state = JobState(wire: wire.state.rawValue) else {
            throw TranslationError("job \(wire.id) is in no known state")
        }
        self.init(id: JobID(wire.id), name: text(wire.name), state: state)
        message = text(wire.message)
        generation = wire.generation
        spec = text(wire.spec)
        submittedUnixMilliseconds = wire.submitted_unix_ms
        (epoch, epochs) = (wire.epoch, wire.epochs)
        (partsDone, parts) = (wire.parts_done, wire.parts)
        (samplesDone, samples) = (wire.samples_done, wire.samples)
        samplesPerSecond = wire.samples_per_second
        loss = wire.loss
        (metricName, metric) = (text(wire.metric_name), wire.metric)
        metricEpoch = wire.metric_epoch
        (batchesDone, batches) = (wire.batches_done, wire.batches)
        malformedLines = wire.malformed_lines
        (bytesPulled, bytesPushed) = (wire.bytes_pulled, wire.bytes_pushed)
        seconds = wire.seconds
        workers = wire.workers
    }

    package func fill(_ wire: inout Wire.Job, _ arena: WireArena) {
        wire.id = id.value
        wire.name = arena.string(name)
        wire.state = .init(rawValue: state.wire)
        wire.message = arena.string(message)
        wire.generation = generation
        wire.spec = arena.string(spec)
        wire.submitted_unix_ms = submittedUnixMilliseconds
        (wire.epoch, wire.epochs) = (epoch, epochs)
        (wire.parts_done, wire.parts) = (partsDone, parts)
        (wire.samples_done, wire.samples) = (samplesDone, samples)
        wire.samples_per_second = samplesPerSecond
        wire.loss = loss
        wire.metric_name = arena.string(metricName)
        (wire.metric, wire.metric_epoch) = (metric, metricEpoch)
        (wire.batches_done, wire.batches) = (batchesDone, batches)
        wire.malformed_lines = malformedLines
        (wire.bytes_pulled, wire.bytes_pushed) = (bytesPulled, bytesPushed)
        wire.seconds = seconds
        wire.workers = workers
    }
}
