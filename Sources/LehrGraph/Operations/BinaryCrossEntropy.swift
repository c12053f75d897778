import CLehrKernels
import Glibc

/// Binary cross entropy of logits, summed over the rows and divided by the examples of a batch.
///
/// `L = (1 / B) sum_i max(x_i, 0) - x_i t_i + log(1 + exp(-|x_i|))`, which does not overflow, and
/// `dx_i = (sigmoid(x_i) - t_i) / B`. `B` is the number of rows of `examples`: an example that comes
/// with drawn negatives has several rows.
final class BinaryCrossEntropy: Operation {
    private let logits: Tensor
    private let targets: Tensor
    private let examples: Extent
    private let output: Tensor
    private let probabilities = FloatBuffer()

    init(logits: Tensor, targets: Tensor, examples: Extent, output: Tensor) {
        self.logits = logits
        self.targets = targets
        self.examples = examples
        self.output = output
    }

    func forward(_ memory: GraphMemory) {
        let (logit, target) = (memory.value(logits), memory.value(targets))
        var sum = 0.0
        for row in 0..<memory.rows(logits) {
            let x = logit[row]
            sum += Double(Swift.max(x, 0) - x * target[row] + log1pf(expf(-abs(x))))
        }
        memory.value(output).pointee = Float(sum / Double(Swift.max(memory.rows(examples), 1)))
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output), let gradient = memory.gradient(logits) else {
            return
        }
        let count = memory.rows(logits)
        let target = memory.value(targets)
        probabilities.resize(to: count)
        lehr_sigmoid(probabilities.base, memory.value(logits), count)
        let factor = change.pointee / Float(Swift.max(memory.rows(examples), 1))
        for row in 0..<count { gradient[row] += factor * (probabilities.base[row] - target[row]) }
    }
}

extension GraphBuilder {
    /// The cross entropy of one column of `logits` with `targets` in [0, 1], as a mean over the
    /// rows of `examples` (by default those of the logits).
    package mutating func binaryCrossEntropy(
        logits: Tensor, targets: Tensor, examples: Extent? = nil
    ) -> Tensor {
        precondition(
            logits.columns == 1 && targets.columns == 1 && logits.rows == targets.rows,
            "logits and targets are one column of the same rows")
        let output = output(rows: .fixed(1), columns: 1, of: logits)
        add(
            BinaryCrossEntropy(
                logits: logits, targets: targets, examples: examples ?? logits.rows,
                output: output))
        return output
    }
}
