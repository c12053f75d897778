import CLehrKernels

/// L2 normalisation of each row: `y = x / n` with `n = max(|x|, epsilon)`.
///
/// `dx = (dy - y (y . dy)) / n` where `|x| > epsilon`, else `dx = dy / epsilon`: the convention of
/// PyTorch's `normalize` and of ONNX's `ReduceL2, Max, Div`.
final class Normalize: Operation {
    private let input: Tensor
    private let epsilon: Float
    private let output: Tensor
    /// `|x|` of each row.
    private let norms = FloatBuffer()

    init(input: Tensor, epsilon: Float, output: Tensor) {
        self.input = input
        self.epsilon = epsilon
        self.output = output
    }

    func forward(_ memory: GraphMemory) {
        let width = output.columns
        let (source, target) = (memory.value(input), memory.value(output))
        norms.resize(to: memory.rows(output))
        for row in 0..<memory.rows(output) {
            let start = row * width
            let norm = lehr_sqrtf(lehr_dot(source + start, source + start, width))
            norms.base[row] = norm
            let factor = 1 / Swift.max(norm, epsilon)
            for column in start..<start + width { target[column] = factor * source[column] }
        }
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output), let target = memory.gradient(input) else {
            return
        }
        let width = output.columns
        let result = memory.value(output)
        for row in 0..<memory.rows(output) {
            let start = row * width
            let norm = norms.base[row]
            let factor = 1 / Swift.max(norm, epsilon)
            lehr_axpy(target + start, change + start, factor, width)
            guard norm > epsilon else { continue }
            let along = lehr_dot(result + start, change + start, width)
            lehr_axpy(target + start, result + start, -along * factor, width)
        }
    }
}

extension GraphBuilder {
    /// Each row of `input` divided by its length, or by `epsilon` where it is shorter than that.
    package mutating func normalize(_ input: Tensor, epsilon: Float = 1e-12) -> Tensor {
        precondition(epsilon > 0, "an epsilon is positive")
        let output = output(rows: input.rows, columns: input.columns, of: input)
        add(Normalize(input: input, epsilon: epsilon, output: output))
        return output
    }
}
