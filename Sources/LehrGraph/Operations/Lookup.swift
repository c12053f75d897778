import CLehrKernels

/// How the rows of one example become one row.
package enum Pooling: Sendable {
    /// `y_i = sum_k T[index_ik]`
    case sum
    /// `y_i = (1 / n_i) sum_k T[index_ik]`, zero for an example without entries.
    case mean
    /// `y_i = sum_k value_ik T[index_ik]`; values that are absent are 1.
    case weightedSum
}

/// Sparse lookup with pooling: `y_i = sum_k w_ik T[index_ik]`, `dT[r] = sum_{index_ik = r} w_ik dy_i`.
///
/// `w` is 1, `1 / n_i` or the column's value. `T` holds the batch's distinct rows, so its gradient
/// comes out once for each distinct key; any tensor can be looked up in.
struct Lookup: Operation {
    let table: Tensor
    let column: ColumnSlot
    let pooling: Pooling
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        let column = memory.column(column)
        precondition(
            column.isValid(examples: memory.rows(output), rows: memory.rows(table)),
            "a sparse column fits its batch and its table")
        let width = output.columns
        let source = memory.value(table)
        let target = memory.value(output)
        target.update(repeating: 0, count: memory.count(output))
        forEachEntry(of: column) { example, row, weight in
            lehr_axpy(target + example * width, source + row * width, weight, width)
        }
    }

    func backward(_ memory: GraphMemory) {
        guard let target = memory.gradient(table), let source = memory.gradient(output) else {
            return
        }
        let width = output.columns
        forEachEntry(of: memory.column(column)) { example, row, weight in
            lehr_axpy(target + row * width, source + example * width, weight, width)
        }
    }

    @inline(__always)
    private func forEachEntry(
        of column: SparseColumn, _ body: (_ example: Int, _ row: Int, _ weight: Float) -> Void
    ) {
        let isWeighted = pooling == .weightedSum && !column.values.isEmpty
        column.offsets.withUnsafeBufferPointer { offsets in
            column.indices.withUnsafeBufferPointer { indices in
                column.values.withUnsafeBufferPointer { values in
                    for example in 0..<offsets.count - 1 {
                        let range = Int(offsets[example])..<Int(offsets[example + 1])
                        let shared: Float =
                            pooling == .mean ? 1 / Float(Swift.max(range.count, 1)) : 1
                        for entry in range {
                            body(example, Int(indices[entry]), isWeighted ? values[entry] : shared)
                        }
                    }
                }
            }
        }
    }
}

extension GraphBuilder {
    /// Rows of `table` pooled over the entries of each example of `column`: `rows x columns(table)`.
    package mutating func lookup(
        _ table: Tensor, _ column: ColumnSlot, rows: Extent, pooling: Pooling = .sum
    ) -> Tensor {
        let output = output(rows: rows, columns: table.columns, of: table)
        add(Lookup(table: table, column: column, pooling: pooling, output: output))
        return output
    }
}
