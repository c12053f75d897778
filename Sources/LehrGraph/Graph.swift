/// A static compute graph with reverse-mode automatic differentiation.
///
/// Nodes run in the order in which they were built, and backwards for gradients (Wengert's list).
/// A graph belongs to one thread at a time and starts no other. One run is: set the dynamic
/// extents, bind what changed, `forward()`, then `backward(from:)` where gradients are wanted.
package final class Graph {
    private let memory: GraphMemory
    private let operations: [any Operation]

    init(memory: GraphMemory, operations: [any Operation]) {
        self.memory = memory
        self.operations = operations
    }

    package func setRows(_ extent: Extent, _ count: Int) { memory.setRows(extent, count) }

    package func rows(_ extent: Extent) -> Int { memory.rows(extent) }

    /// Binds a parameter to memory of the caller's, which stays valid until the run is over.
    ///
    /// Both hold `rows x columns` floats for the extents as they are set now. `gradients` is
    /// overwritten by `backward(from:)`; without it gradients are kept in the graph.
    package func bind(
        _ parameter: Tensor, values: UnsafeBufferPointer<Float>,
        gradients: UnsafeMutableBufferPointer<Float>? = nil
    ) {
        let count = memory.count(parameter)
        precondition(values.count == count, "values of a parameter are rows x columns floats")
        precondition(gradients?.count ?? count == count, "gradients have the shape of the values")
        memory.bind(
            parameter, value: UnsafeMutablePointer(mutating: values.baseAddress),
            gradient: gradients?.baseAddress)
    }

    /// Copies `values` into an input; set its extent first.
    package func set(_ input: Tensor, _ values: [Float]) {
        precondition(values.count == memory.count(input), "an input holds rows x columns floats")
        memory.prepareValues()
        values.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            memory.value(input).update(from: base, count: source.count)
        }
    }

    package func bind(_ slot: ColumnSlot, _ column: SparseColumn) {
        memory.columns[slot.index] = column
    }

    package func bind(_ slot: IdentitySlot, _ ids: [Int32]) {
        memory.identities[slot.index] = ids
    }

    /// Computes every node.
    package func forward() {
        Gemm.useOneThread()
        memory.prepareValues()
        for operation in operations { operation.forward(memory) }
    }

    /// Computes the gradient of `loss`, one number, by every parameter; after `forward()`.
    package func backward(from loss: Tensor) {
        precondition(loss.rows == .fixed(1) && loss.columns == 1, "a loss is a single number")
        Gemm.useOneThread()
        memory.prepareGradients()
        memory.gradient(loss)?.pointee = 1
        for operation in operations.reversed() { operation.backward(memory) }
    }

    /// The value of a node after `forward()`; valid until the next change of the graph.
    package func values(of tensor: Tensor) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: memory.value(tensor), count: memory.count(tensor))
    }

    /// The gradient of a node after `backward(from:)`; valid until the next change of the graph.
    package func gradients(of tensor: Tensor) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: memory.gradient(tensor), count: memory.count(tensor))
    }
}
