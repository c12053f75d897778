import CLehrKernels

/// Elementwise sum: `y = a + b`, `da = dy`, `db = dy`.
struct Add: Operation {
    let left: Tensor
    let right: Tensor
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        let (left, right) = (memory.value(left), memory.value(right))
        let target = memory.value(output)
        for index in 0..<memory.count(output) { target[index] = left[index] + right[index] }
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output) else { return }
        for input in [left, right] {
            guard let target = memory.gradient(input) else { continue }
            lehr_axpy(target, change, 1, memory.count(output))
        }
    }
}

extension GraphBuilder {
    /// `left + right` of equal shapes.
    package mutating func add(_ left: Tensor, _ right: Tensor) -> Tensor {
        precondition(
            left.rows == right.rows && left.columns == right.columns, "terms have equal shapes")
        let output = output(rows: left.rows, columns: left.columns, of: left, right)
        add(Add(left: left, right: right, output: output))
        return output
    }
}
