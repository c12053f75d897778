import LehrCluster
import LehrCore
import LehrData
import LehrMembership
import LehrModel
import LehrRPC
import LehrRetrieval
import LehrWire

/// Scores the validation split with the rows as they stand: HR@10 of candidate lists, AUC of labels.
final class EvaluationTask: WorkerTask {
    private(set) var report: TaskReport
    var onEnd: (() -> Void)?
    private let lease: TaskLease
    private let job: JobContext
    private let environment: TaskEnvironment
    private var isActive = true
    private var operation: FanOut?
    private let scratch = DistinctScratch()
    private var tally = RankingTally(cutoff: 10)
    private var histogram = AUCHistogram()

    /// Lists of about a hundred candidates, or labelled examples, in one pull.
    private var examplesAtOnce: Int { job.dataset.format == .pairs ? 64 : 4096 }

    init(_ lease: TaskLease, job: JobContext, environment: TaskEnvironment) {
        self.lease = lease
        self.job = job
        self.environment = environment
        report = TaskReport(of: lease)
    }

    /// What was scored stays scored.
    var isOutdated: Bool { false }

    func start() {
        let policy = MalformedLinePolicy(tolerated: job.spec.training.malformedLinesTolerated)
        environment.blocks.load(
            lease.path, job.dataset.heldOutFormat, policy, while: { [self] in isActive }
        ) { [self] result in
            switch result {
            case .success(let block):
                environment.withTables(of: job, while: { [self] in isActive }) { [self] tables in
                    guard job.fits(tables) else { return end(failure: JobContext.misfit) }
                    let batches = BatchSequence(inFileOrder: block, batchSize: examplesAtOnce)
                    report.batches = UInt64(batches.batchCount)
                    score(0, batches, tables, BatchSlot(tableCount: tables.count))
                }
            case .failure(let error): end(failure: error.description)
            }
        }
    }

    func cancel() {
        isActive = false
        operation?.cancel()
        operation = nil
    }

    private func score(
        _ number: Int, _ batches: BatchSequence, _ tables: [PlacedTable], _ slot: BatchSlot
    ) {
        guard number < batches.batchCount else { return finish() }
        let batch = batches.batch(number, scratch: scratch)
        let prepared: PreparedBatch
        do throws(ModelError) {
            prepared = try job.trainer.prepareScoring(batch)
        } catch {
            return end(failure: error.description)
        }
        operation = environment.client.pull(slot.pulls(prepared, tables, job.trainer)) {
            [self] error in
            guard isActive else { return }
            if let error { return fail(error) }
            count(job.trainer.scores(of: prepared, rows: slot.rows), batch)
            report.floor = UInt64(number + 1)
            score(number + 1, batches, tables, slot)
        }
    }

    private func count(_ scores: [Float], _ batch: Batch) {
        guard job.dataset.format == .pairs else {
            scores.withUnsafeBufferPointer { predictions in
                batch.labels.withUnsafeBufferPointer {
                    histogram.add(predictions: predictions, labels: $0)
                }
            }
            return
        }
        guard let offsets = batch.columns.first(where: { $0.name == "item" })?.offsets else {
            return
        }
        for example in 0..<batch.count {
            tally.add(scores: scores[Int(offsets[example])..<Int(offsets[example + 1])])
        }
    }

    private func finish() {
        switch job.dataset.format {
        case .pairs:
            (report.metricName, report.metric) = ("hr@10", tally.hitRate)
        case .libsvm:
            (report.metricName, report.metric) = ("auc", histogram.area ?? 0.5)
        }
        report.isDone = true
        end()
    }

    private func fail(_ error: RPCError) {
        // As for training: the task ends unfinished.
        guard error.code != .notFound, error.code != .failedPrecondition else { return end() }
        end(failure: "a shard refused a pull: \(error)")
    }

    private func end(failure: String = "") {
        guard isActive else { return }
        report.failure = failure
        cancel()
        let onEnd = self.onEnd
        self.onEnd = nil
        onEnd?()
    }
}
