import CLehrKernels

/// A row added to every row: `y_ij = x_ij + b_j`, `dx = dy`, `db_j = sum_i dy_ij`.
struct BiasAdd: Operation {
    let input: Tensor
    let bias: Tensor
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        let width = output.columns
        let (source, target) = (memory.value(input), memory.value(output))
        let row = memory.value(bias)
        for start in stride(from: 0, to: memory.count(output), by: width) {
            for column in 0..<width {
                target[start + column] = source[start + column] + row[column]
            }
        }
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output) else { return }
        if let target = memory.gradient(input) {
            lehr_axpy(target, change, 1, memory.count(output))
        }
        guard let target = memory.gradient(bias) else { return }
        for row in 0..<memory.rows(output) {
            lehr_axpy(target, change + row * output.columns, 1, output.columns)
        }
    }
}

extension GraphBuilder {
    /// `input + bias`, where `bias` is one row.
    package mutating func biasAdd(_ input: Tensor, _ bias: Tensor) -> Tensor {
        precondition(
            bias.rows == .fixed(1) && bias.columns == input.columns, "a bias is one row that fits")
        let output = output(rows: input.rows, columns: input.columns, of: input, bias)
        add(BiasAdd(input: input, bias: bias, output: output))
        return output
    }
}
