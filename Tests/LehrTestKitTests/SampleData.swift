import Glibc
import LehrCore
import LehrData
import Testing

/// A prepared data set in a directory of its own, removed with the object.
final class SampleData {
    let directory: String
    let files = LocalFileSystem()

    private init() throws {
        var template = Array("/tmp/lehr-sandbox-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        directory = try #require(made, "a temporary directory")
    }

    deinit { try? files.remove(directory) }

    /// The prepared data set.
    var path: String { directory + "/data" }

    /// Pairs with planted tastes in four files.
    static func pairs(users: Int = 120, interactions: Int = 1800) throws -> SampleData {
        let data = try SampleData()
        let options = GeneratorOptions(
            users: users, items: 100, interactions: interactions, tastes: 4, seed: 5)
        _ = try DatasetGenerator(files: data.files, options: options)
            .generate(to: data.path, prepare: PrepareOptions(parts: 4, seed: 5))
        return data
    }

    /// Labelled examples of twenty features in four files; the first ten speak for a label.
    static func labelled(examples: Int = 1500) throws -> SampleData {
        let data = try SampleData()
        var random = RandomSource(seed: 9)
        var text = ""
        for _ in 0..<examples {
            let features = (0..<20).filter { _ in random.uniform() < 0.3 }
            let score = features.reduce(Float(0)) { $0 + ($1 < 10 ? 1 : -1) }
            let label = score + 2 * random.uniform() - 1 > 0 ? "+1" : "-1"
            text += label + features.map { " \($0 + 1):1" }.joined() + "\n"
        }
        let source = data.directory + "/source.libsvm"
        try data.files.replace(source, with: Array(text.utf8))
        _ = try DatasetPreparer(files: data.files, options: PrepareOptions(parts: 4, seed: 5))
            .prepare(from: source, to: data.path)
        return data
    }

    /// A tiny two-tower job on this data.
    func twoTower(
        mode: String, epochs: Int = 2, batch: Int = 64, inFlight: Int? = nil
    ) -> String {
        """
        name: movies
        model:
          kind: two-tower
          dimension: 8
          item-bias: true
          user:
            hidden: [8]
        data:
          path: \(path)
        training:
          mode: \(mode)
          epochs: \(epochs)
          batch-size: \(batch)
          seed: 3
          \(inFlight.map { "in-flight: \($0)" } ?? "")
        optimizer:
          sparse:
            kind: adagrad
            learning-rate: 0.3
            initial-accumulator: 1e-8
          dense:
            kind: adam
            learning-rate: 0.01
        partitions: 8
        """
    }

    /// A logistic regression on this data.
    func logistic(mode: String, epochs: Int = 2) -> String {
        """
        name: adult
        model:
          kind: logistic-regression
        data:
          path: \(path)
        training:
          mode: \(mode)
          epochs: \(epochs)
          batch-size: 32
          seed: 3
        partitions: 8
        """
    }
}
