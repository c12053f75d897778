import CLehrKernels

/// Dot product of each pair of rows: `y_i = a_i . b_i`, `da_i = dy_i b_i`, `db_i = dy_i a_i`.
struct RowDot: Operation {
    let left: Tensor
    let right: Tensor
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        let width = left.columns
        let (left, right) = (memory.value(left), memory.value(right))
        let target = memory.value(output)
        for row in 0..<memory.rows(output) {
            target[row] = lehr_dot(left + row * width, right + row * width, width)
        }
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output) else { return }
        let width = left.columns
        for (input, other) in [(left, right), (right, left)] {
            guard let target = memory.gradient(input) else { continue }
            let source = memory.value(other)
            for row in 0..<memory.rows(output) {
                lehr_axpy(target + row * width, source + row * width, change[row], width)
            }
        }
    }
}

extension GraphBuilder {
    /// The dot product of each row of `left` with the same row of `right`: one column.
    package mutating func rowDot(_ left: Tensor, _ right: Tensor) -> Tensor {
        precondition(
            left.rows == right.rows && left.columns == right.columns, "factors have equal shapes")
        let output = output(rows: left.rows, columns: 1, of: left, right)
        add(RowDot(left: left, right: right, output: output))
        return output
    }
}
