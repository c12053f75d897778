import LehrTable
import LehrYAML

extension JobSpec {
    /// Reads a job file.
    ///
    /// - Throws: every problem found, each with its key path and line.
    package init(yaml text: String) throws(JobSpecError) {
        let problems = ProblemCollector()
        guard let root = JobDocument.parse(text, problems) else {
            throw JobSpecError(problems: problems.problems)
        }
        let file = JobSection(root, path: "", problems: problems)
        name = file.jobName()
        let model = file.section("model")
        if !file.has("model") { file.report("model", "missing; it names the model's kind") }
        self.model = model.model(isPresent: file.has("model"))
        model.finish()
        let data = file.section("data")
        self.data = DataSpec(path: data.text("path"))
        data.finish()
        let training = file.section("training")
        self.training = training.training()
        training.finish()
        let optimizer = file.section("optimizer")
        optimizers = optimizer.optimizers(for: self.model)
        optimizer.finish()
        let wire = file.section("wire")
        self.wire = wire.wireFormats(for: self.model)
        wire.finish()
        let storage = file.section("storage")
        self.storage = storage.storage(for: self.model)
        storage.finish()
        partitions = file.powerOfTwo("partitions", from: 1, default: 16)
        file.finish()
        checkMemory(training, model)
        if problems.problems.isEmpty { checkTables(problems) }
        guard problems.problems.isEmpty else { throw JobSpecError(problems: problems.problems) }
    }

    /// A batch's matrix of scores stays within 256 MiB.
    private func checkMemory(_ training: JobSection, _ section: JobSection) {
        guard case .twoTower(let model) = model else { return }
        let scoreLimit = 1 << 26
        let size = self.training.batchSize
        switch model.loss {
        case .inBatchSoftmax where size * size > scoreLimit:
            training.report("batch-size", "at most 8192 with in-batch-softmax, found \(size)")
        case .sampledSoftmax where size * (model.negatives + 1) > scoreLimit,
            .binaryCrossEntropy where size * (model.negatives + 1) > scoreLimit / 16:
            section.report(
                "negatives", "too many for a batch of \(size) with \(model.loss.rawValue)")
        default: break
        }
    }

    /// What a shard would refuse.
    private func checkTables(_ problems: ProblemCollector) {
        for table in tables {
            do throws(TableSpecError) {
                try table.validateForTraining()
            } catch {
                problems.report("", line: nil, error.description)
            }
        }
    }
}

extension JobSection {
    fileprivate func jobName() -> String {
        let expected = "1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"
        guard let node = value("name") else {
            report("name", "missing; expected \(expected)")
            return ""
        }
        guard let text = node.text, Self.isName(text) else {
            refuse("name", expected: expected, node)
            return ""
        }
        return text
    }

    private static func isName(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count) else { return false }
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                continue
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                guard index > 0 else { return false }
            default: return false
            }
        }
        return true
    }

    fileprivate func training() -> TrainingSpec {
        let mode = choice("mode", default: ConsistencyMode.eventual)
        let isSequential = mode == .sequential
        let inFlight = integer("in-flight", in: 1...64, default: isSequential ? 1 : 2)
        if isSequential, inFlight != 1 {
            report("in-flight", "is 1 in sequential mode, found \(inFlight)")
        }
        return TrainingSpec(
            mode: mode,
            epochs: integer("epochs", in: 1...10_000, default: 1),
            batchSize: integer("batch-size", in: 1...65_536, default: 512),
            seed: seed("seed", default: 1),
            batchesInFlight: inFlight,
            malformedLinesTolerated: integer(
                "malformed-lines-tolerated", in: 0...1_000_000_000, default: 0),
            evaluateEveryEpoch: flag("evaluate-every-epoch", default: true))
    }
}
