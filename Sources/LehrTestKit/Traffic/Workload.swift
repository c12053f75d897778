import LehrCluster
import LehrCore
import LehrData

/// The job that runs are made of, small and real: a logistic regression on generated examples.
///
/// Its keys are pushed with a show for each batch that has them, and a row's shows are the plain sum
/// of these: what they come to at the end is known exactly, in whatever order batches were applied.
package struct Workload {
    package enum Mode: String, CaseIterable, Sendable { case eventual, sequential }

    package let files = MemoryFiles()
    package let path = "/data/simulated"
    package let models: ServedModels
    /// What an undisturbed run comes to.
    private var sums: [Mode: JobSums] = [:]

    private static let partCount = 4
    package static let epochs = 2
    package static let batchSize = 12
    package static let seed: UInt64 = 3

    package init() throws {
        models = try ServedModels(in: files)
        try files.replace("/data/source.libsvm", with: Array(Self.examples(640).utf8))
        _ = try DatasetPreparer(
            files: files, options: PrepareOptions(parts: Self.partCount, seed: 5)
        ).prepare(from: "/data/source.libsvm", to: path)
        for mode in Mode.allCases { sums[mode] = try undisturbed(mode) }
    }

    package func expected(_ mode: Mode) -> JobSums { sums[mode] ?? JobSums() }

    package func spec(_ mode: Mode) -> String {
        """
        name: \(mode)
        model:
          kind: logistic-regression
        data:
          path: \(path)
        training:
          mode: \(mode)
          epochs: \(Self.epochs)
          batch-size: \(Self.batchSize)
          seed: \(Self.seed)
          in-flight: 3
        optimizer:
          sparse: {kind: adagrad, learning-rate: 0.1, scale-by-shows: true}
          dense: {kind: sgd, learning-rate: 0.1}
        partitions: 8
        """.replacing(mode == .sequential ? "  in-flight: 3\n" : "", with: "")
    }

    /// Examples of forty features; the first half of them speaks for a label.
    private static func examples(_ count: Int) -> String {
        var random = RandomSource(seed: 9)
        var text = ""
        for _ in 0..<count {
            let features = (0..<40).filter { _ in random.uniform() < 0.2 }
            let score = features.reduce(Float(0)) { $0 + ($1 < 20 ? 1 : -1) }
            text += score + 2 * random.uniform() - 1 > 0 ? "+1" : "-1"
            text += features.map { " \($0 + 1):1" }.joined() + "\n"
        }
        return text
    }

    private func undisturbed(_ mode: Mode) throws -> JobSums {
        let cluster = try ClusterSandbox(shards: 1, workers: 1, files: files)
        let job = try cluster.submit(spec(mode))
        let status = cluster.runToEnd(of: job)
        precondition(
            status?.state == .completed, "an undisturbed job ends: \(status?.message ?? "")")
        return cluster.sums(of: job)
    }
}
