/// Matrix product `C = op(A) op(B)`, where `op` may transpose.
///
/// With `A' = op(A)` and `B' = op(B)`: `dA' = dC B'^T`, `dB' = A'^T dC`, transposed back into the
/// stored shape of `A` and `B`.
struct MatMul: Operation {
    let left: Tensor
    let right: Tensor
    let transposeLeft: Bool
    let transposeRight: Bool
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        Gemm.multiply(
            matrix(left, memory.value(left), transposeLeft),
            matrix(right, memory.value(right), transposeRight),
            into: matrix(output, memory.value(output)), m: memory.rows(output), n: output.columns,
            k: inner(memory), keep: 0)
    }

    func backward(_ memory: GraphMemory) {
        guard let gradient = memory.gradient(output) else { return }
        let change = matrix(output, gradient)
        let (m, n, k) = (memory.rows(output), output.columns, inner(memory))
        if let target = memory.gradient(left) {
            let other = matrix(right, memory.value(right), transposeRight)
            if transposeLeft {
                Gemm.multiply(
                    other, change.transposed, into: matrix(left, target), m: k, n: m, k: n, keep: 1)
            } else {
                Gemm.multiply(
                    change, other.transposed, into: matrix(left, target), m: m, n: k, k: n, keep: 1)
            }
        }
        if let target = memory.gradient(right) {
            let other = matrix(left, memory.value(left), transposeLeft)
            if transposeRight {
                Gemm.multiply(
                    change.transposed, other, into: matrix(right, target), m: n, n: k, k: m, keep: 1
                )
            } else {
                Gemm.multiply(
                    other.transposed, change, into: matrix(right, target), m: k, n: n, k: m, keep: 1
                )
            }
        }
    }

    private func inner(_ memory: GraphMemory) -> Int {
        transposeLeft ? memory.rows(left) : left.columns
    }

    private func matrix(
        _ tensor: Tensor, _ base: UnsafeMutablePointer<Float>, _ isTransposed: Bool = false
    ) -> Matrix {
        Matrix(base, stride: tensor.columns, isTransposed: isTransposed)
    }
}

extension GraphBuilder {
    /// `op(left) op(right)`; the inner sizes are the same extent, and the columns of the product
    /// are a fixed number.
    package mutating func matmul(
        _ left: Tensor, _ right: Tensor, transposeLeft: Bool = false, transposeRight: Bool = false
    ) -> Tensor {
        let leftInner = transposeLeft ? left.rows : .fixed(left.columns)
        let rightInner = transposeRight ? .fixed(right.columns) : right.rows
        precondition(leftInner == rightInner, "the inner sizes of a product are equal")
        guard case .fixed(let columns) = transposeRight ? right.rows : .fixed(right.columns) else {
            preconditionFailure("the columns of a product are a fixed number")
        }
        let rows = transposeLeft ? .fixed(left.columns) : left.rows
        let output = output(rows: rows, columns: columns, of: left, right)
        add(
            MatMul(
                left: left, right: right, transposeLeft: transposeLeft,
                transposeRight: transposeRight, output: output))
        return output
    }
}
