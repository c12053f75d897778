import CLehrKernels

/// Softmax cross entropy in which the other rows' items are a row's negatives, with logQ correction.
///
/// `s_ij = u_i . v_j - q_j` for `j != i`, `s_ii = u_i . v_i - p_i`, and
/// `L = (1 / B) sum_i log(sum_j exp(s_ij)) - s_ii`. Items are drawn in proportion to their
/// popularity, so `q_j = log(probability of item j)` takes that bias out again; `p = q` is the
/// published form (Yi et al., "Sampling-bias-corrected neural modeling for large corpus item
/// recommendations", RecSys 2019, eq. 3 and 4). An accidental hit, `j != i` with the same item
/// as row `i`, is left out of the sum. With `D = (softmax(s) - I) / B`: `dU = D V`, `dV = D^T U`.
final class InBatchSoftmax: Operation {
    private let users: Tensor
    private let items: Tensor
    private let identities: IdentitySlot
    private let offsets: Tensor
    private let positiveOffsets: Tensor
    private let output: Tensor
    /// The scores, then their gradient `D`: `B x B`.
    private let scores = FloatBuffer()

    init(
        users: Tensor, items: Tensor, identities: IdentitySlot, offsets: Tensor,
        positiveOffsets: Tensor, output: Tensor
    ) {
        self.users = users
        self.items = items
        self.identities = identities
        self.offsets = offsets
        self.positiveOffsets = positiveOffsets
        self.output = output
    }

    func forward(_ memory: GraphMemory) {
        let (count, width) = (memory.rows(users), users.columns)
        let ids = memory.identity(identities)
        precondition(ids.count == count, "in-batch softmax has an id for each row")
        scores.resize(to: count * count)
        Gemm.multiply(
            Matrix(memory.value(users), stride: width),
            Matrix(memory.value(items), stride: width, isTransposed: true),
            into: Matrix(scores.base, stride: count), m: count, n: count, k: width, keep: 0)
        let (offset, positive) = (memory.value(offsets), memory.value(positiveOffsets))
        var sum = 0.0
        ids.withUnsafeBufferPointer { ids in
            for row in 0..<count {
                sum += Double(
                    lehr_softmax_row(
                        scores.base + row * count, offset, ids.baseAddress, count, row,
                        positive[row], 1 / Float(count)))
            }
        }
        memory.value(output).pointee = Float(sum / Double(Swift.max(count, 1)))
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output)?.pointee else { return }
        let (count, width) = (memory.rows(users), users.columns)
        let slope = Matrix(scores.base, stride: count)
        if let target = memory.gradient(users) {
            Gemm.multiply(
                slope, Matrix(memory.value(items), stride: width),
                into: Matrix(target, stride: width), m: count, n: width, k: count, scale: change,
                keep: 1)
        }
        if let target = memory.gradient(items) {
            Gemm.multiply(
                slope.transposed, Matrix(memory.value(users), stride: width),
                into: Matrix(target, stride: width), m: count, n: width, k: count, scale: change,
                keep: 1)
        }
    }
}

extension GraphBuilder {
    /// The loss of `users` row `i` choosing `items` row `i` among all rows of `items`.
    ///
    /// `identities` tells equal items apart from different ones; `offsets` and `positiveOffsets`
    /// (one column each) are subtracted from the scores of negatives and of the positive.
    package mutating func inBatchSoftmax(
        users: Tensor, items: Tensor, identities: IdentitySlot, offsets: Tensor,
        positiveOffsets: Tensor
    ) -> Tensor {
        precondition(
            users.rows == items.rows && users.columns == items.columns
                && offsets.rows == users.rows && offsets.columns == 1
                && positiveOffsets.rows == users.rows && positiveOffsets.columns == 1,
            "users, items and offsets have the same rows")
        let output = output(rows: .fixed(1), columns: 1, of: users, items)
        add(
            InBatchSoftmax(
                users: users, items: items, identities: identities, offsets: offsets,
                positiveOffsets: positiveOffsets, output: output))
        return output
    }
}
