extension TablePartition {
    /// Applies a block's gradients: those of narrow rows, then those of full rows.
    func applyKernels(_ block: PushBlock, _ outcome: inout PushOutcome) {
        guard !isPlain else { return applyPlainKernel(block, &outcome) }
        guard spec.storage.narrow != nil else { return applyKernel(shape: 0, block, &outcome) }
        withUnsafeTemporaryAllocation(of: RowPointer?.self, capacity: block.count) { rows in
            var part = block
            part.rows = rows
            for shape in store.shapes.indices {
                for i in 0..<block.count {
                    let row = block.rows[i]
                    let isNarrow = row?.header.pointee.flags.contains(.narrow) ?? false
                    rows.initializeElement(at: i, to: isNarrow == (shape == 0) ? row : nil)
                }
                applyKernel(shape: shape, part, &outcome)
            }
        }
    }

    private func applyPlainKernel(_ block: PushBlock, _ outcome: inout PushOutcome) {
        let result = fullKernel.apply(
            to: UnsafeBufferPointer(block.rows), weights: nil, gradients: block.batch.gradients,
            gradientStride: block.batch.gradientBytes, shows: block.batch.shows, step: step)
        outcome.clipped += result.repaired
        zeroCount += result.zeros
    }

    private func applyKernel(
        shape: Int, _ block: PushBlock, _ outcome: inout PushOutcome
    ) {
        let rows = UnsafeBufferPointer(block.rows)
        let kernel = kernels[shape]
        var result = KernelOutcome()
        if spec.storage.numbers == .float32 {
            result = kernel.apply(
                to: rows, weights: nil, gradients: block.batch.gradients,
                gradientStride: block.batch.gradientBytes, shows: block.batch.shows, step: step)
        } else if let repeated = block.firstRepeat {
            // Each row of the block has its own copy of the weight: one row must not come twice.
            applyKernel(shape: shape, block.part(0..<repeated), &outcome)
            applyKernel(shape: shape, block.part(repeated..<block.count), &outcome)
            return
        } else {
            result = applyToCopies(kernel, width: store.shapes[shape].width, block)
        }
        outcome.clipped += result.repaired
        zeroCount += result.zeros
    }

    /// Applies gradients to rows that are not kept as f32.
    private func applyToCopies(
        _ kernel: OptimizerKernel, width: Int, _ block: PushBlock
    ) -> KernelOutcome {
        let rows = UnsafeBufferPointer(block.rows)
        var result = KernelOutcome()
        withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count * width) { weights in
            guard let weights = weights.baseAddress else { return }
            values.widen(rows, width: width, into: weights)
            let before = zeros(in: weights, of: rows, kernel, width)
            result = kernel.apply(
                to: rows, weights: weights, gradients: block.batch.gradients,
                gradientStride: block.batch.gradientBytes, shows: block.batch.shows, step: step)
            values.narrow(weights, width: width, into: rows)
            guard countsZeros else { return }
            // What is too small for the stored format has become zero as well.
            values.widen(rows, width: width, into: weights)
            result.zeros = zeros(in: weights, of: rows, kernel, width) - before
        }
        return result
    }

    private func zeros(
        in weights: UnsafeMutablePointer<Float>, of rows: UnsafeBufferPointer<RowPointer?>,
        _ kernel: OptimizerKernel, _ width: Int
    ) -> Int {
        guard countsZeros else { return 0 }
        return rows.indices.reduce(0) { total, i in
            rows[i] == nil ? total : total + kernel.zeroCount(of: weights + i * width)
        }
    }

    /// The weights of a row that are exactly zero, where they are counted.
    func zeros(of row: RowPointer) -> Int {
        guard countsZeros else { return 0 }
        let shape = row.header.pointee.flags.contains(.narrow) ? 0 : store.fullShape
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: spec.dimension) { weight in
            guard let weight = weight.baseAddress else { return 0 }
            values.read(row, width: width(of: row), into: weight)
            return kernels[shape].zeroCount(of: weight)
        }
    }
}
