/// Rectified linear unit: `y = max(x, 0)`, `dx = dy` where `x > 0`, else 0.
struct Relu: Operation {
    let input: Tensor
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        let (source, target) = (memory.value(input), memory.value(output))
        for index in 0..<memory.count(output) {
            target[index] = source[index] > 0 ? source[index] : 0
        }
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output), let target = memory.gradient(input) else {
            return
        }
        let result = memory.value(output)
        for index in 0..<memory.count(output) {
            target[index] += result[index] > 0 ? change[index] : 0
        }
    }
}

extension GraphBuilder {
    /// `max(input, 0)`
    package mutating func relu(_ input: Tensor) -> Tensor {
        let output = output(rows: input.rows, columns: input.columns, of: input)
        add(Relu(input: input, output: output))
        return output
    }
}
