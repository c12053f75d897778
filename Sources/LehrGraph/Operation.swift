/// A node that computes: its file states the formula of both directions.
///
/// `forward` writes the whole output. `backward` adds to the gradients of the inputs that want one
/// (`GraphMemory.gradient(_:)` is not nil), reading the gradient of the output; it runs after
/// `forward` over the same values. One call is one batch.
protocol Operation {
    func forward(_ memory: GraphMemory)
    func backward(_ memory: GraphMemory)
}
