/// One row and the gradient that is to change it.
struct RowUpdate {
    let header: UnsafeMutablePointer<RowHeader>
    let weight: UnsafeMutableRawPointer
    let state: UnsafeMutableRawPointer
    /// At any address.
    let gradient: UnsafeRawPointer
    let width: Int
    let l2: Float

    /// The gradient from float `index` on plus `l2 * w`, bounded by `OptimizerKernel.gradientLimit`.
    @inline(__always)
    func decayedGradient<L: Lanes>(at index: Int, _ w: L) -> L {
        let g = gradient.loadUnaligned(fromByteOffset: 4 * index, as: L.self)
        return (g + l2 * w).bounded(by: OptimizerKernel.gradientLimit)
    }

    /// The mean of the squares of the gradient with decay, before the step.
    @inline(__always)
    func meanSquare() -> Float {
        var sums = SIMD8<Float>.zero
        var i = 0
        while i + 8 <= width {
            let w = weight.loadUnaligned(fromByteOffset: 4 * i, as: SIMD8<Float>.self)
            let g = decayedGradient(at: i, w)
            sums += g * g
            i += 8
        }
        var lane = 0
        while i < width {
            let g = decayedGradient(
                at: i, weight.loadUnaligned(fromByteOffset: 4 * i, as: Float.self))
            sums[lane] += g * g
            lane += 1
            i += 1
        }
        return sums.total / Float(width)
    }

    /// Float `index` of the state of the row as a whole, for a rule of `momentCount` moments.
    @inline(__always)
    func shared(_ index: Int, behind momentCount: Int) -> UnsafeMutablePointer<Float> {
        (state + 4 * (momentCount * width + index)).assumingMemoryBound(to: Float.self)
    }

    /// The number of this step of the row, from 1 on; stops at its largest value.
    @inline(__always)
    func nextStep() -> UInt32 {
        if header.pointee.step < .max { header.pointee.step += 1 }
        return header.pointee.step
    }
}
