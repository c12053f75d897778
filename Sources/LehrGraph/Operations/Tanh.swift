import CLehrKernels

/// Hyperbolic tangent: `y = tanh(x)`, `dx = (1 - y^2) dy`.
struct Tanh: Operation {
    let input: Tensor
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        lehr_tanh(memory.value(output), memory.value(input), memory.count(output))
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output), let target = memory.gradient(input) else {
            return
        }
        let result = memory.value(output)
        for index in 0..<memory.count(output) {
            target[index] += (1 - result[index] * result[index]) * change[index]
        }
    }
}

extension GraphBuilder {
    /// `tanh(input)`
    package mutating func tanh(_ input: Tensor) -> Tensor {
        let output = output(rows: input.rows, columns: input.columns, of: input)
        add(Tanh(input: input, output: output))
        return output
    }
}
