import CLehrKernels

/// Softmax cross entropy against negatives drawn for the whole batch, with logQ correction.
///
/// `s_i0 = u_i . v_i - p_i` for the positive, `s_ij = u_i . n_j - q_j` for negative `j`, and
/// `L = (1 / B) sum_i log(sum_j exp(s_ij)) - s_i0`. `q_j = log(expected count of item j among the
/// negatives)` makes the sum an estimate of that over all items (Bengio and Senecal 2008; Jean et
/// al. 2015). A negative that is row `i`'s own item is left out. With `D = (softmax(s) - e_0) / B`:
/// `du_i = D_i0 v_i + sum_j D_ij n_j`, `dv_i = D_i0 u_i`, `dn_j = sum_i D_ij u_i`.
final class SampledSoftmax: Operation {
    /// What the loss is made of; `identities` first names each row's item, then each negative's.
    struct Inputs {
        var users: Tensor
        var items: Tensor
        var negatives: Tensor
        var identities: IdentitySlot
        var offsets: Tensor
        var positiveOffsets: Tensor
    }

    private let inputs: Inputs
    private let output: Tensor
    /// The scores, then their gradient `D`: a row holds the positive, then the negatives.
    private let scores = FloatBuffer()
    private let rowOffsets = FloatBuffer()
    private var rowIDs: [Int32] = []

    init(inputs: Inputs, output: Tensor) {
        self.inputs = inputs
        self.output = output
    }

    func forward(_ memory: GraphMemory) {
        let (count, width) = (memory.rows(inputs.users), inputs.users.columns)
        let candidates = memory.rows(inputs.negatives) + 1
        let ids = memory.identity(inputs.identities)
        precondition(
            ids.count == count + candidates - 1, "sampled softmax has an id for each item")
        let (users, items) = (memory.value(inputs.users), memory.value(inputs.items))
        let positive = memory.value(inputs.positiveOffsets)
        scores.resize(to: count * candidates)
        Gemm.multiply(
            Matrix(users, stride: width),
            Matrix(memory.value(inputs.negatives), stride: width, isTransposed: true),
            into: Matrix(scores.base + 1, stride: candidates), m: count, n: candidates - 1,
            k: width, keep: 0)
        rowOffsets.resize(to: candidates)
        rowOffsets.base[0] = 0
        (rowOffsets.base + 1).update(from: memory.value(inputs.offsets), count: candidates - 1)
        rowIDs.removeAll(keepingCapacity: true)
        rowIDs.append(0)
        rowIDs.append(contentsOf: ids[count...])
        var sum = 0.0
        for row in 0..<count {
            let start = row * candidates
            scores.base[start] = lehr_dot(users + row * width, items + row * width, width)
            rowIDs[0] = ids[row]
            sum += Double(
                lehr_softmax_row(
                    scores.base + start, rowOffsets.base, rowIDs, candidates, 0, positive[row],
                    1 / Float(count)))
        }
        memory.value(output).pointee = Float(sum / Double(Swift.max(count, 1)))
    }

    func backward(_ memory: GraphMemory) {
        guard let change = memory.gradient(output)?.pointee else { return }
        let (count, width) = (memory.rows(inputs.users), inputs.users.columns)
        let negatives = memory.rows(inputs.negatives)
        let candidates = negatives + 1
        let slope = Matrix(scores.base + 1, stride: candidates)
        if let target = memory.gradient(inputs.users) {
            Gemm.multiply(
                slope, Matrix(memory.value(inputs.negatives), stride: width),
                into: Matrix(target, stride: width), m: count, n: width, k: negatives,
                scale: change, keep: 1)
            addPositive(times: memory.value(inputs.items), to: target, count, change)
        }
        if let target = memory.gradient(inputs.negatives) {
            Gemm.multiply(
                slope.transposed, Matrix(memory.value(inputs.users), stride: width),
                into: Matrix(target, stride: width), m: negatives, n: width, k: count,
                scale: change, keep: 1)
        }
        if let target = memory.gradient(inputs.items) {
            addPositive(times: memory.value(inputs.users), to: target, count, change)
        }
    }

    private func addPositive(
        times source: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>,
        _ count: Int, _ change: Float
    ) {
        let width = inputs.users.columns
        let candidates = scores.count / Swift.max(count, 1)
        for row in 0..<count {
            lehr_axpy(
                target + row * width, source + row * width, change * scores.base[row * candidates],
                width)
        }
    }
}

extension GraphBuilder {
    /// The loss of `users` row `i` choosing `items` row `i` among it and all rows of `negatives`.
    ///
    /// `identities` holds an id for each row of `items`, then for each row of `negatives`;
    /// `offsets` (a row for each negative) and `positiveOffsets` (a row for each user), one column
    /// each, are subtracted from the scores of negatives and of the positive.
    package mutating func sampledSoftmax(
        users: Tensor, items: Tensor, negatives: Tensor, identities: IdentitySlot, offsets: Tensor,
        positiveOffsets: Tensor
    ) -> Tensor {
        precondition(
            users.rows == items.rows && users.columns == items.columns
                && negatives.columns == users.columns && offsets.rows == negatives.rows
                && offsets.columns == 1 && positiveOffsets.rows == users.rows
                && positiveOffsets.columns == 1,
            "users, items, negatives and offsets fit each other")
        let output = output(rows: .fixed(1), columns: 1, of: users, items, negatives)
        let inputs = SampledSoftmax.Inputs(
            users: users, items: items, negatives: negatives, identities: identities,
            offsets: offsets, positiveOffsets: positiveOffsets)
        add(SampledSoftmax(inputs: inputs, output: output))
        return output
    }
}
