import Glibc
import LehrArtifact
import LehrCore
import Testing

@testable import LehrServing

/// Probabilities from an exported logistic regression.
struct PredictEngineTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func load(keys: [UInt64], weights: [Float], bias: Float) throws -> PredictEngine {
        let path = directory.path + "/export"
        let writer = try ArtifactWriter(target: path, files: directory.files)
        try LogisticExportWriter(writer, bias: bias).append(keys: keys, weights: weights)
        _ = try writer.finish(
            ExportFixture.manifest(kind: ExportLayout.LogisticRegression.kind))
        let model = try ServingModel.load(path, files: directory.files)
        guard case .predict(let engine) = model.engine else {
            throw ModelLoadError.unknownKind(path: path, kind: model.kind)
        }
        return engine
    }

    @Test func sumsWeightsAndBias() throws {
        let engine = try load(keys: [3, 5], weights: [2, -1], bias: 0.5)
        let probabilities = engine.probabilities(
            offsets: [0, 2, 2, 4], keys: [3, 5, 5, 99], values: [0.5, 2, 1, 7])
        let expected = [0.5 + 1 - 2, 0.5, 0.5 - 1].map { Float(1 / (1 + exp(-$0))) }
        #expect(probabilities == expected)
        #expect(
            engine.probabilities(offsets: [0, 1], keys: [3], values: []) == [
                Float(1 / (1 + exp(-2.5)))
            ])
        #expect(engine.weightCount == 2)
    }

    @Test func staysFiniteAtTheEnds() throws {
        let engine = try load(keys: [1, 2], weights: [3e38, -3e38], bias: 0)
        #expect(engine.probabilities(offsets: [0, 1, 2], keys: [1, 2], values: []) == [1, 0])
    }

    @Test func refusesRepeatedKeysAndInfiniteWeights() throws {
        #expect(throws: ModelLoadError.self) { try load(keys: [1, 1], weights: [1, 1], bias: 0) }
        try directory.files.remove(directory.path + "/export")
        #expect(throws: ModelLoadError.self) { try load(keys: [1], weights: [1], bias: .nan) }
    }
}
