package import LehrCore
import LehrData
import LehrModel

/// Turns a submitted job file into a plan: reads it, and the description of its data set.
///
/// The data set's directory must be readable where the coordinator runs, under the path in the job
/// file, which is where workers read it too.
package struct JobPlanner: Sendable {
    private let files: any FileSystem

    /// Parts of a job: the coordinator keeps about 64 bytes for each.
    static let partCountMax = 1 << 20

    package init(files: any FileSystem) { self.files = files }

    /// - Throws: `.invalid` with every problem of the job file, or what is wrong with the data set.
    package func plan(_ text: String) throws(CoordinatorRefusal) -> JobPlan {
        let spec: JobSpec
        let dataset: Dataset
        do {
            spec = try JobSpec(yaml: text)
            dataset = try Dataset(directory: spec.data.path, files: files)
        } catch let error as DataError {
            throw .invalid("data.path: \(error.description)")
        } catch {
            throw .invalid("\(error)")
        }
        guard spec.model.format == dataset.format else {
            throw .invalid(
                "data.path: \(spec.data.path) holds \(dataset.format.rawValue), a "
                    + "\(spec.model.kind) model reads \(spec.model.format.rawValue)")
        }
        let parts = spec.training.epochs * dataset.train.count
        guard parts <= Self.partCountMax else {
            throw .invalid(
                "training.epochs: \(spec.training.epochs) epochs of \(dataset.train.count) files are "
                    + "\(parts) parts; at most \(Self.partCountMax)")
        }
        let epochs = UInt32(spec.training.epochs)
        return JobPlan(
            name: spec.name, spec: text, tables: spec.tables,
            files: dataset.train.map {
                JobPlan.File(
                    path: spec.data.path + "/" + $0.name, examples: UInt64($0.examples))
            },
            validation: spec.data.path + "/" + dataset.validation.name,
            evaluatedEpochs: spec.training.evaluateEveryEpoch ? Array(0..<epochs) : [epochs - 1],
            epochs: epochs, batchSize: UInt64(spec.training.batchSize),
            isSequential: spec.training.mode == .sequential,
            partitionBits: spec.partitions.trailingZeroBitCount)
    }
}

extension ModelSpec {
    fileprivate var format: Dataset.Format {
        switch self {
        case .twoTower: .pairs
        case .logisticRegression: .libsvm
        }
    }

    fileprivate var kind: String {
        switch self {
        case .twoTower: "two-tower"
        case .logisticRegression: "logistic-regression"
        }
    }
}
