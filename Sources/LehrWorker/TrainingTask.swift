import LehrCluster
import LehrCore
import LehrData
import LehrMembership
import LehrModel
import LehrRPC
import LehrWire

/// Trains one part: reads its block, then pulls, computes and pushes its batches, several on their
/// way at once in eventual mode, one after the other in sequential mode.
final class TrainingTask: WorkerTask {
    private(set) var report: TaskReport
    var onEnd: (() -> Void)?
    let lease: TaskLease
    let job: JobContext
    let environment: TaskEnvironment
    var isActive = true
    var operations: [UInt64: FanOut] = [:]
    private var floor: FloorTracker
    private var nextBatch: UInt64
    private var sequence: BatchSequence?
    private var tables: [PlacedTable] = []
    private var freeSlots: [BatchSlot] = []
    private let scratch = DistinctScratch()
    private let pulledBefore: UInt64
    private let pushedBefore: UInt64

    init(_ lease: TaskLease, job: JobContext, environment: TaskEnvironment) {
        self.lease = lease
        self.job = job
        self.environment = environment
        report = TaskReport(of: lease)
        floor = FloorTracker(floor: lease.firstBatch)
        nextBatch = lease.firstBatch
        pulledBefore = environment.client.bytesPulled
        pushedBefore = environment.client.bytesPushed
    }

    func start() {
        let policy = MalformedLinePolicy(tolerated: job.spec.training.malformedLinesTolerated)
        environment.blocks.load(
            lease.path, job.dataset.trainFormat, policy, while: { [self] in isActive }
        ) { [self] result in
            switch result {
            case .success(let block): begin(block)
            case .failure(let error): fail(error.description)
            }
        }
    }

    func cancel() {
        isActive = false
        for number in operations.keys.sorted() { operations[number]?.cancel() }
        operations = [:]
    }

    private func begin(_ block: Block) {
        let training = job.spec.training
        let sequence = BatchSequence(
            block: block, batchSize: training.batchSize, seed: training.seed,
            epoch: UInt64(lease.epoch), file: Int(lease.part) % job.dataset.train.count)
        self.sequence = sequence
        report.batches = UInt64(sequence.batchCount)
        report.malformedLines = UInt64(block.malformedCount)
        environment.withTables(of: job, while: { [self] in isActive }) { [self] tables in
            guard job.fits(tables) else { return fail(JobContext.misfit) }
            self.tables = tables
            report.placement = tables.placement
            let depth = isSequential ? 1 : training.batchesInFlight
            freeSlots = (0..<depth).map { _ in BatchSlot(tableCount: tables.count) }
            if isSequential { recover() } else { pump() }
        }
    }

    /// Whether a partition has got another owner that does not have what the earlier one acknowledged.
    var isOutdated: Bool {
        guard !tables.isEmpty, let tables = job.tables(on: environment.map()) else { return false }
        return tables.line > report.placement
    }

    var settledFloor: UInt64 { floor.floor }

    var isSequential: Bool { job.spec.training.mode == .sequential }

    // MARK: - Batches

    /// Starts batches while there are slots and batches left; ends the task after the last.
    func pump() {
        guard isActive else { return }
        guard floor.floor < report.batches else { return finish() }
        while isActive, nextBatch < report.batches, let slot = freeSlots.popLast() {
            let number = nextBatch
            nextBatch += 1
            pull(number, slot)
        }
    }

    /// A batch with its negatives; nil: it cannot be trained, and the task has failed.
    func prepare(_ number: UInt64) -> PreparedBatch? {
        guard let sequence else { return nil }
        let training = job.spec.training
        let batch = sequence.batch(Int(number), scratch: scratch)
        // A repeat of the batch, by anybody, draws the same negatives.
        var random = RandomSource(
            seed: training.seed, path: Self.negativesStream, UInt64(lease.part), number)
        do throws(ModelError) {
            return try job.trainer.prepareTraining(batch, random: &random)
        } catch {
            fail(error.description)
            return nil
        }
    }

    /// The tables that a batch touches, and the keys there.
    func keys(of batch: PreparedBatch) -> [(table: TableID, keys: [UInt64])] {
        tables.indices.compactMap {
            batch.keys[$0].isEmpty ? nil : (tables[$0].id, batch.keys[$0])
        }
    }

    private func pull(_ number: UInt64, _ slot: BatchSlot) {
        guard let prepared = prepare(number) else { return }
        operations[number] = environment.client.pull(
            slot.pulls(prepared, tables, job.trainer)
        ) { [self] error in
            guard isActive else { return }
            if let error { return fail(error) }
            compute(number, prepared, slot)
        }
    }

    /// The purpose "negatives of a batch" of the job's seed.
    private static let negativesStream: UInt64 = 0x4E

    private func compute(_ number: UInt64, _ batch: PreparedBatch, _ slot: BatchSlot) {
        let result = job.trainer.step(batch, rows: slot.rows, gradients: slot.gradients)
        guard result.lossSum.isFinite else {
            return fail(
                "the loss of batch \(number) is not a number: training has diverged; "
                    + "lower the learning rate")
        }
        report.lossSum += result.lossSum
        report.lossSamples += UInt64(result.count)
        let pushes = slot.pushes(batch, tables)
        if isSequential { return commit(number, pushes, slot) }
        operations[number] = environment.client.push(pushes, identity(of: number), staged: false) {
            [self] error in
            guard isActive else { return }
            if let error { return fail(error) }
            finished(number, slot)
        }
    }

    func identity(of batch: UInt64) -> PushIdentity {
        PushIdentity(
            job: lease.job, generation: lease.generation, part: lease.part, batch: batch,
            floor: floor.floor, attempt: lease.attempt, partFloor: lease.partFloor)
    }

    private func settled(_ number: UInt64) {
        operations[number] = nil
        floor.settle(number)
        nextBatch = max(nextBatch, floor.floor)
        report.floor = floor.floor
        countSamples()
    }

    /// A batch is settled on every owner: on to the next.
    func finished(_ number: UInt64, _ slot: BatchSlot) {
        settled(number)
        freeSlots.append(slot)
        pump()
    }

    /// A batch was found settled: a predecessor had trained it.
    func noteRecovered(_ number: UInt64) { settled(number) }

    /// Every batch is full but the last.
    private func countSamples() {
        guard let sequence else { return }
        let full = report.floor * UInt64(sequence.batchSize)
        report.samples = min(full, UInt64(sequence.block.count))
        report.bytesPulled = environment.client.bytesPulled - pulledBefore
        report.bytesPushed = environment.client.bytesPushed - pushedBefore
    }

    // MARK: - The end

    private func finish() {
        report.isDone = true
        report.floor = report.batches
        countSamples()
        end()
    }

    func fail(_ error: RPCError) {
        // The job's tables or this worker's claim are gone: nobody's fault. The task ends unfinished,
        // and the next one asked for says what is left to do.
        guard error.code != .notFound, error.code != .failedPrecondition else { return end() }
        fail("a shard refused the work: \(error)")
    }

    func fail(_ reason: String) {
        guard isActive else { return }
        report.failure = reason
        end()
    }

    private func end() {
        cancel()
        let onEnd = self.onEnd
        self.onEnd = nil
        onEnd?()
    }
}
