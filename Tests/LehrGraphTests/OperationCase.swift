import LehrCore

@testable import LehrGraph

/// One graph to check: an operation (or a small model), its inputs and what surrounds them.
///
/// The fixtures hold the same cases with PyTorch's values and gradients.
struct OperationCase: Codable {
    struct Values: Codable {
        var rows: Int
        var columns: Int
        var values: [Float]
    }

    var operation: String
    /// Differentiable inputs by name.
    var parameters: [String: Values]
    /// Inputs without a gradient, such as targets and offsets.
    var constants: [String: Values] = [:]
    /// Entries of sparse columns, as lists of rows for each example.
    var columns: [String: [[Int32]]] = [:]
    /// Weights of the entries of the column `entries`.
    var weights: [Float] = []
    var identities: [Int32] = []
    var transposeLeft = false
    var transposeRight = false
    var number: Float = 0
    /// Weights that turn an output into one number; absent for losses.
    var mix: Values?

    /// PyTorch's results; absent in random cases.
    var output: [Float]?
    var loss: Float?
    var gradients: [String: [Float]]?

    var description: String { "\(operation) \(parameters.mapValues { [$0.rows, $0.columns] })" }
}

/// A case's graph with everything bound, ready to run.
final class CaseRun {
    let graph: Graph
    private(set) var parameters: [String: (tensor: Tensor, memory: FloatBuffer)] = [:]
    let output: Tensor
    let loss: Tensor

    init(_ operationCase: OperationCase) {
        var builder = CaseBuilder(operationCase)
        output = builder.makeOutput()
        loss = builder.makeLoss(of: output)
        graph = builder.builder.build()
        for (extent, rows) in builder.extents { graph.setRows(extent, rows) }
        for (tensor, values) in builder.inputs { graph.set(tensor, values) }
        for (slot, column) in builder.columns { graph.bind(slot, column) }
        for slot in builder.identities { graph.bind(slot, operationCase.identities) }
        for (name, tensor) in builder.parameters {
            let values = operationCase.parameters[name]?.values ?? []
            let memory = FloatBuffer(count: values.count)
            for (index, value) in values.enumerated() { memory.floats[index] = value }
            parameters[name] = (tensor, memory)
        }
        bind()
    }

    func bind() {
        for (tensor, memory) in parameters.values { graph.bind(tensor, values: memory.readable) }
    }

    /// The loss at the parameters as they are in memory, summed up in double precision.
    func run(mix: [Float]?) -> Double {
        graph.forward()
        guard let mix else { return Double(graph.values(of: loss)[0]) }
        return zip(mix, graph.values(of: output)).reduce(0.0) {
            $0 + Double($1.0) * Double($1.1)
        }
    }

    func gradients() -> [String: [Float]] {
        graph.backward(from: loss)
        return parameters.mapValues { Array(graph.gradients(of: $0.tensor)) }
    }
}
