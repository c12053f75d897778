/// How many rows a value has: a constant, or a number that is set before each run.
package enum Extent: Hashable, Sendable {
    case fixed(Int)
    /// One of the graph's dynamic extents, such as the examples of a batch or its distinct keys.
    case dynamic(Int)
}

/// A value in a graph: `rows x columns` floats, row by row.
package struct Tensor: Hashable, Sendable {
    let index: Int
    package let rows: Extent
    package let columns: Int
}

/// A place in a graph where a sparse column is bound before each run.
package struct ColumnSlot: Hashable, Sendable {
    let index: Int
}

/// A place in a graph where an id for each row is bound before each run; equal ids are equal items.
package struct IdentitySlot: Hashable, Sendable {
    let index: Int
}
