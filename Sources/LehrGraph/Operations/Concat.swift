import CLehrKernels

/// Columns side by side: `y_i = [a_i, b_i, ...]`; each input's gradient is its own columns of `dy`.
struct Concat: Operation {
    let inputs: [Tensor]
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        let target = memory.value(output)
        var offset = 0
        for input in inputs {
            let source = memory.value(input)
            for row in 0..<memory.rows(output) {
                (target + row * output.columns + offset)
                    .update(from: source + row * input.columns, count: input.columns)
            }
            offset += input.columns
        }
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output) else { return }
        var offset = 0
        for input in inputs {
            if let target = memory.gradient(input) {
                for row in 0..<memory.rows(output) {
                    lehr_axpy(
                        target + row * input.columns, change + row * output.columns + offset, 1,
                        input.columns)
                }
            }
            offset += input.columns
        }
    }
}

extension GraphBuilder {
    /// The columns of all `inputs`, in order.
    package mutating func concat(_ inputs: [Tensor]) -> Tensor {
        guard let first = inputs.first else { preconditionFailure("nothing to concatenate") }
        precondition(inputs.allSatisfy { $0.rows == first.rows }, "inputs have the same rows")
        let columns = inputs.reduce(0) { $0 + $1.columns }
        let output = output(rows: first.rows, columns: columns, of: inputs)
        add(Concat(inputs: inputs, output: output))
        return output
    }
}
