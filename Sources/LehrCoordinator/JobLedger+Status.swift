package import LehrCluster

extension JobLedger {
    /// The job as people see it; `nowUnixMilliseconds` only for the time it has taken so far.
    package func status(nowUnixMilliseconds: UInt64) -> JobStatus {
        let plan = record.plan
        var status = JobStatus(id: id, name: plan.name, state: record.state)
        status.message = record.message
        status.generation = record.generation
        status.spec = plan.spec
        status.submittedUnixMilliseconds = record.submittedUnixMilliseconds
        (status.epoch, status.epochs) = (epoch, plan.epochs)
        status.partsDone = UInt32(parts.count(where: \.isDone))
        status.parts = plan.partCount
        status.samplesDone = parts.reduce(0) { $0 + $1.samples }
        // What a file holds is known exactly once it has been trained: bad lines may be missing.
        status.samples = parts.reduce(0) {
            $0 + ($1.isDone ? $1.samples : plan.file(ofPart: $1.part).examples)
        }
        status.samplesPerSecond = record.state.hasEnded ? 0 : meter.samplesPerSecond
        status.loss = meter.loss
        if let last = evaluations.last(where: \.isDone) {
            (status.metricName, status.metric) = (last.metricName, last.metric)
            status.metricEpoch = last.epoch
        }
        status.batchesDone = parts.reduce(0) { $0 + $1.floor }
        status.batches = parts.reduce(0) {
            $0 + ($1.batches > 0 ? $1.batches : plan.batches(of: plan.file(ofPart: $1.part)))
        }
        // A file's bad lines are met again in every epoch: count each file once.
        status.malformedLines = plan.files.indices.reduce(0) { sum, file in
            let met = stride(from: file, to: parts.count, by: plan.files.count)
                .map { parts[$0].malformedLines }
            return sum + (met.max() ?? 0)
        }
        (status.bytesPulled, status.bytesPushed) = (meter.bytesPulled, meter.bytesPushed)
        let end = record.endedUnixMilliseconds ?? nowUnixMilliseconds
        status.seconds = Double(end - min(end, record.submittedUnixMilliseconds)) / 1000
        status.workers = UInt32(holders.count)
        return status
    }
}

extension CoordinatorInstance {
    /// Jobs by state, for metrics.
    package var jobCounts: [(state: String, count: Int)] {
        [JobState.running, .completed, .failed, .stopped].map { state in
            (state.rawValue, jobs.count { $0.record.state == state })
        }
    }
}
