/// What applying gradients to a block of rows has come to.
struct KernelOutcome: Hashable, Sendable {
    /// Gradients that `Optimizer.NotANumberPolicy.clip` had to repair.
    var repaired = 0
    /// Weights that became exactly zero less those that no longer are; 0 where the optimizer makes
    /// none (`OptimizerKernel.countsZeros`).
    var zeros = 0
}
