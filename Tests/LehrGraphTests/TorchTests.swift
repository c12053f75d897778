import Foundation
import Testing

@testable import LehrGraph

/// Values and gradients against PyTorch's, from the same weights; see `Fixtures/generate.py`.
struct TorchTests {
    private static func fixtures() throws -> [OperationCase] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let data = try Data(contentsOf: folder.appendingPathComponent("Fixtures/torch.json"))
        return try JSONDecoder().decode([OperationCase].self, from: data)
    }

    @Test func agreesWithPyTorch() throws {
        let cases = try Self.fixtures()
        #expect(Set(cases.map(\.operation)) == Set(RandomCases.operations))
        for operationCase in cases {
            let run = CaseRun(operationCase)
            let loss = run.run(mix: nil)
            let expectedLoss = Double(try #require(operationCase.loss))
            #expect(
                abs(loss - expectedLoss) < 1e-5 + 1e-5 * abs(expectedLoss),
                "\(operationCase.description)")
            compare(
                Array(run.graph.values(of: run.output)), try #require(operationCase.output),
                "\(operationCase.description): output")
            let gradients = run.gradients()
            let expected = try #require(operationCase.gradients)
            #expect(Set(expected.keys) == Set(gradients.keys))
            for (name, values) in expected {
                compare(
                    gradients[name] ?? [], values, "\(operationCase.description): d \(name)")
            }
        }
    }

    private func compare(_ actual: [Float], _ expected: [Float], _ what: String) {
        #expect(actual.count == expected.count, "\(what)")
        for (index, pair) in zip(actual, expected).enumerated() {
            #expect(abs(pair.0 - pair.1) <= 2e-6 + 2e-5 * abs(pair.1), "\(what)[\(index)]")
        }
    }
}
