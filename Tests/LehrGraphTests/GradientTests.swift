import LehrCore
import Testing

@testable import LehrGraph

/// Gradients against central finite differences: `(f(x + h) - f(x - h)) / 2h`.
struct GradientTests {
    private static let step: Float = 1.0 / 128

    @Test(arguments: RandomCases.operations)
    func agreesWithFiniteDifferences(operation: String) {
        var cases = RandomCases(seed: 0x6AD1)
        var compared = 0
        var steepest = 0.0
        for _ in 0..<12 {
            let operationCase = cases.next(operation)
            let run = CaseRun(operationCase)
            let mix = operationCase.mix?.values
            _ = run.run(mix: mix)
            let gradients = run.gradients()
            for (name, parameter) in run.parameters.sorted(by: { $0.key < $1.key }) {
                for index in 0..<parameter.memory.count {
                    let expected = slope(run, parameter.memory, index, mix)
                    let actual = Double(gradients[name]?[index] ?? .nan)
                    let tolerance = 1e-3 + 4e-3 * abs(expected)
                    #expect(
                        abs(actual - expected) <= tolerance,
                        "\(operationCase.description): \(name)[\(index)]")
                    compared += 1
                    steepest = max(steepest, abs(actual))
                }
            }
        }
        #expect(compared > 20 && steepest > 0.05, "the check must see real gradients")
    }

    private func slope(
        _ run: CaseRun, _ memory: FloatBuffer, _ index: Int, _ mix: [Float]?
    ) -> Double {
        let original = memory.floats[index]
        memory.floats[index] = original + Self.step
        let above = run.run(mix: mix)
        memory.floats[index] = original - Self.step
        let below = run.run(mix: mix)
        memory.floats[index] = original
        return (above - below) / (2 * Double(Self.step))
    }
}
