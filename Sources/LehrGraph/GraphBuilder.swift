/// Describes a graph, one node a call; `build()` ends it.
///
/// Each operation is a method in the operation's own file. Shapes are checked as nodes are added:
/// two tensors fit only when their extents are the same one, not merely equal by chance.
package struct GraphBuilder {
    private var slots: [GraphMemory.Slot] = []
    private var operations: [any Operation] = []
    private var extents: [Int] = []
    private var columnCount = 0
    private var identityCount = 0

    package init() {}

    /// A number of rows that is set before each run; memory is made for `expected` rows at first.
    package mutating func extent(expected: Int) -> Extent {
        precondition(expected >= 0, "an extent is not negative")
        extents.append(expected)
        return .dynamic(extents.count - 1)
    }

    /// Values bound before each run, whose gradient the run gives: a table's rows, or a variable.
    package mutating func parameter(rows: Extent, columns: Int) -> Tensor {
        append(rows: rows, columns: columns, wantsGradient: true)
    }

    /// Values copied in before each run, without a gradient.
    package mutating func input(rows: Extent, columns: Int) -> Tensor {
        append(rows: rows, columns: columns, wantsGradient: false)
    }

    /// A sparse column, bound before each run.
    package mutating func column() -> ColumnSlot {
        columnCount += 1
        return ColumnSlot(index: columnCount - 1)
    }

    /// Ids of items, bound before each run.
    package mutating func identity() -> IdentitySlot {
        identityCount += 1
        return IdentitySlot(index: identityCount - 1)
    }

    /// The graph, with memory for the expected extents.
    package consuming func build() -> Graph {
        Graph(
            memory: GraphMemory(
                slots: slots, extents: extents, columns: columnCount, identities: identityCount),
            operations: operations)
    }

    /// A tensor that an operation writes; it wants a gradient when any of `inputs` does.
    mutating func output(rows: Extent, columns: Int, of inputs: Tensor...) -> Tensor {
        output(rows: rows, columns: columns, of: inputs)
    }

    mutating func output(rows: Extent, columns: Int, of inputs: [Tensor]) -> Tensor {
        append(
            rows: rows, columns: columns,
            wantsGradient: inputs.contains { slots[$0.index].wantsGradient })
    }

    mutating func add(_ operation: some Operation) { operations.append(operation) }

    private mutating func append(rows: Extent, columns: Int, wantsGradient: Bool) -> Tensor {
        precondition(columns > 0, "a tensor has at least one column")
        if case .fixed(let count) = rows { precondition(count > 0, "a tensor has rows") }
        let tensor = Tensor(index: slots.count, rows: rows, columns: columns)
        slots.append(GraphMemory.Slot(tensor: tensor, wantsGradient: wantsGradient))
        return tensor
    }
}
