import LehrCore
import Testing

@testable import LehrTable

/// The kernel against a scalar reference, bit for bit, whatever the shape of a block.
@Suite struct OptimizerKernelTests {
    static let optimizers = Optimizer.everyRule + Optimizer.everyRuleWithOptions

    @Test(arguments: optimizers)
    func everyWidthAndAlignmentEqualsTheScalarReference(optimizer: Optimizer) {
        for width in 1...40 {
            var block = RowBlock(optimizer: optimizer, width: width, count: 3, seed: UInt64(width))
            for round in 0..<8 {
                block.push(round: round)
                #expect(block.differences() == [], "width \(width), round \(round)")
            }
            #expect(block.hasMoved, "width \(width)")
        }
    }

    @Test func aSumOverARowDoesNotOverflow() {
        let limit = OptimizerKernel.gradientLimit
        var row = [Float](repeating: limit, count: TableSpec.maximumDimension)
        let sum = row.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { FloatRun(start: $0, count: 4096).sumOfSquares() }
        }
        #expect(sum == 4096 * limit * limit)
    }
}

/// Some rows in memory, the same rows as references, and pushes for both.
private struct RowBlock {
    let optimizer: Optimizer
    let width: Int
    let count: Int
    private let kernel: OptimizerKernel
    private let stateOffset: Int
    private let stride: Int
    private var random: RandomSource
    private var memory: [UInt64]
    private var references: [ReferenceRow] = []
    private var start: [Float] = []

    init(optimizer: Optimizer, width: Int, count: Int, seed: UInt64) {
        self.optimizer = optimizer
        self.width = width
        self.count = count
        let layout = OptimizerLayout(rule: optimizer.rule, width: width)
        // Wherever the owner of the rows puts the state.
        stateOffset = RowShape.headerBytes + 4 * width + 4 * Int(seed % 3)
        stride = (stateOffset + 4 * layout.stateCount + 7) / 8 * 8
        kernel = OptimizerKernel(optimizer: optimizer, width: width, stateOffset: stateOffset)
        random = RandomSource(seed: 8, path: seed)
        memory = [UInt64](repeating: 0, count: count * stride / 8)
        for _ in 0..<count {
            // Some weights are zero, which FTRL and the count of zeros treat in a way of their own.
            let weight = (0..<width).map { _ in
                random.below(5) == 0 ? 0 : random.uniform() - 0.5
            }
            references.append(ReferenceRow(weight: weight, optimizer: optimizer))
        }
        start = references.flatMap(\.weight)
        withRows { [kernel, references, width] rows in
            for (row, reference) in zip(rows, references) {
                guard let row else { continue }
                row.floats(at: RowShape.headerBytes).update(from: reference.weight, count: width)
                kernel.initializeState(of: row, weight: reference.weight)
            }
        }
    }

    var hasMoved: Bool { bits(references.flatMap(\.weight)) != bits(start) }

    private mutating func withRows<Result>(
        _ body: (UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>) -> Result
    ) -> Result {
        let (stride, count) = (stride, count)
        return memory.withUnsafeMutableBytes { bytes in
            withUnsafeTemporaryAllocation(
                of: UnsafeMutableRawPointer?.self, capacity: count
            ) { rows in
                for i in 0..<count {
                    rows.initializeElement(at: i, to: bytes.baseAddress.map { $0 + i * stride })
                }
                return body(rows)
            }
        }
    }

    /// One gradient for each row but some, by itself or in one block, at an even address or an odd
    /// one, to weights in the rows or beside them.
    mutating func push(round: Int) {
        let gradients = (0..<count * width).map { _ in random.uniform() * 2 - 0.9 }
        let shows = (0..<count).map { _ in Float(random.below(4)) }
        let left = round % 4 == 3 ? random.below(count) : nil
        let zerosBefore = zeros
        for i in 0..<count where i != left {
            references[i].update(
                gradients[i * width..<(i + 1) * width], show: shows[i], optimizer: optimizer,
                pushes: UInt64(round))
        }
        let counted = apply(gradients, shows, left, round)
        #expect(counted == (kernel.countsZeros ? zeros - zerosBefore : 0))
    }

    private var zeros: Int { references.reduce(0) { $0 + $1.weight.count { $0 == 0 } } }

    /// - Returns: the change of zeros that the kernel counted.
    private mutating func apply(
        _ gradients: [Float], _ shows: [Float], _ left: Int?, _ round: Int
    ) -> Int {
        let shift = round % 3
        let gap = 4 * (round % 2)
        var bytes = [UInt8](repeating: 0xFF, count: shift)
        for i in 0..<count {
            gradients[i * width..<(i + 1) * width].withUnsafeBytes { bytes += $0 }
            bytes += [UInt8](repeating: 0xFF, count: gap)
        }
        let gradientStride = 4 * width + gap
        let step = round % 5 < 2 ? 1 : count
        let (kernel, width, count, isBeside) = (kernel, width, count, round % 2 == 1)
        return withRows { rows in
            if let left { rows[left] = nil }
            var zeros = 0
            for start in Swift.stride(from: 0, to: count, by: step) {
                let part = UnsafeBufferPointer(rebasing: rows[start..<start + step])
                bytes.withUnsafeBytes { bytes in
                    shows.withUnsafeBufferPointer { shows in
                        guard let base = bytes.baseAddress else { return }
                        let gradient = base + shift + start * gradientStride
                        let shows = PackedElements(shows).part(start..<start + step)
                        zeros += part.withWeights(isBeside, width: width) { weights in
                            kernel.apply(
                                to: part, weights: weights, gradients: gradient,
                                gradientStride: gradientStride, shows: shows,
                                step: kernel.step(UInt64(round))
                            ).zeros
                        }
                    }
                }
            }
            return zeros
        }
    }

    /// The rows that are not what they should be.
    mutating func differences() -> [Int] {
        let (references, width, stateOffset) = (references, width, stateOffset)
        let layout = OptimizerLayout(rule: optimizer.rule, width: width)
        let sharedCount = layout.stateCount - layout.momentCount * width
        return withRows { rows in
            rows.indices.filter { i in
                guard let row = rows[i] else { return true }
                let state = (row + stateOffset).assumingMemoryBound(to: Float.self)
                let reference = references[i]
                let moments = (reference.first + reference.second)[..<(layout.momentCount * width)]
                let expected =
                    reference.weight + moments + (sharedCount > 0 ? [reference.shared] : [])
                let found =
                    (0..<width).map { row.floats(at: RowShape.headerBytes)[$0] }
                    + (0..<layout.stateCount).map { state[$0] }
                return bits(expected) != bits(found)
            }
        }
    }
}

extension UnsafeBufferPointer<UnsafeMutableRawPointer?> {
    /// Calls `body` with nil, or with copies of the rows' weights beside the rows, which are the rows'
    /// weights afterwards.
    fileprivate func withWeights(
        _ isBeside: Bool, width: Int, _ body: (UnsafeMutablePointer<Float>?) -> Int
    ) -> Int {
        guard isBeside else { return body(nil) }
        var weights = [Float](repeating: .nan, count: count * width)
        for (i, row) in enumerated() {
            guard let row else { continue }
            let weight = row.floats(at: RowShape.headerBytes)
            for k in 0..<width { weights[i * width + k] = weight[k] }
            // Whoever reads this one gets it wrong.
            row.floats(at: RowShape.headerBytes).update(repeating: .nan, count: width)
        }
        let result = weights.withUnsafeMutableBufferPointer { body($0.baseAddress) }
        for (i, row) in enumerated() {
            guard let row else { continue }
            row.floats(at: RowShape.headerBytes).update(
                from: Array(weights[i * width..<(i + 1) * width]), count: width)
        }
        return result
    }
}
