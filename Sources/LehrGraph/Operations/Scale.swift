import CLehrKernels

/// Multiplication by a constant: `y = c x`, `dx = c dy`.
struct Scale: Operation {
    let input: Tensor
    let factor: Float
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        let (source, target) = (memory.value(input), memory.value(output))
        for index in 0..<memory.count(output) { target[index] = factor * source[index] }
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output), let target = memory.gradient(input) else {
            return
        }
        lehr_axpy(target, change, factor, memory.count(output))
    }
}

extension GraphBuilder {
    /// `factor * input`
    package mutating func scale(_ input: Tensor, by factor: Float) -> Tensor {
        let output = output(rows: input.rows, columns: input.columns, of: input)
        add(Scale(input: input, factor: factor, output: output))
        return output
    }
}
