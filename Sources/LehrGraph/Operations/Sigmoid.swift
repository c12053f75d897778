import CLehrKernels

/// Logistic function: `y = 1 / (1 + exp(-x))`, `dx = y (1 - y) dy`.
struct Sigmoid: Operation {
    let input: Tensor
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        lehr_sigmoid(memory.value(output), memory.value(input), memory.count(output))
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output), let target = memory.gradient(input) else {
            return
        }
        let result = memory.value(output)
        for index in 0..<memory.count(output) {
            target[index] += result[index] * (1 - result[index]) * change[index]
        }
    }
}

extension GraphBuilder {
    /// `1 / (1 + exp(-input))`
    package mutating func sigmoid(_ input: Tensor) -> Tensor {
        let output = output(rows: input.rows, columns: input.columns, of: input)
        add(Sigmoid(input: input, output: output))
        return output
    }
}
