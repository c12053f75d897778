import CLehrKernels

/// Applies an optimizer to rows in place; the rule is chosen once for each block of rows.
///
/// Each float of a row is updated by itself and every operation is rounded as IEEE 754 says, so the
/// result does not depend on the vector width, the machine or the order of the rows.
struct OptimizerKernel: Sendable {
    typealias Vector = SIMD8<Float>

    /// Largest magnitude of a gradient that is applied: 2^40, about 1e12.
    ///
    /// Also the bound that a gradient is clamped to once decay is added. Together with the ranges
    /// of `TableSpec.validate` it keeps every stored value finite without a check after the update:
    /// squares stay below 2^80, of which a 32-bit float can sum 2^47, and a step stays below
    /// `1e3 * 2^40 / 1e-15`, of which it can sum 10^8 even if all of them were the worst case.
    static let gradientLimit: Float = 0x1p40

    private let rule: Optimizer.Rule
    private let rate: Float
    private let l2: Float
    private let layout: RowLayout
    private let beta1Powers: PowerTable
    private let beta2Powers: PowerTable

    init(optimizer: Optimizer, layout: RowLayout) {
        rule = optimizer.rule
        rate = optimizer.learningRate
        l2 = optimizer.l2
        self.layout = layout
        if case .adam(let beta1, let beta2, _) = optimizer.rule {
            beta1Powers = PowerTable(base: Double(beta1))
            beta2Powers = PowerTable(base: Double(beta2))
        } else {
            beta1Powers = PowerTable(base: 0)
            beta2Powers = PowerTable(base: 0)
        }
    }

    /// Whether all `dimension` floats of a gradient are numbers within the limit.
    func isApplicable(_ gradient: UnsafeRawPointer) -> Bool {
        let high = Vector(repeating: Self.gradientLimit)
        var i = 0
        while i + 8 <= layout.dimension {
            let g = gradient.loadUnaligned(fromByteOffset: 4 * i, as: Vector.self)
            // A comparison with a NaN is false.
            guard all((g .<= high) .& (g .>= -high)) else { return false }
            i += 8
        }
        while i < layout.dimension {
            guard abs(float(gradient, i)) <= Self.gradientLimit else { return false }
            i += 1
        }
        return true
    }

    /// Applies gradient `i` (`dimension` floats from `gradients + i * layout.weightBytes`, aligned or
    /// not) to `rows[i]`, in order, skipping those without a row.
    func apply(
        to rows: UnsafeBufferPointer<UnsafeMutableRawPointer?>, gradients: UnsafeRawPointer
    ) {
        let bytes = layout.weightBytes
        switch rule {
        case .sgd:
            for i in rows.indices {
                guard let row = rows[i] else { continue }
                sgd(row, gradients + i * bytes)
            }
        case .adagrad:
            for i in rows.indices {
                guard let row = rows[i] else { continue }
                adagrad(row, gradients + i * bytes)
            }
        case .adam(let beta1, let beta2, let epsilon):
            for i in rows.indices {
                guard let row = rows[i] else { continue }
                adam(row, gradients + i * bytes, beta1, beta2, epsilon)
            }
        }
    }

    /// `w -= rate * g`
    @inline(__always)
    private func sgd(_ row: UnsafeMutableRawPointer, _ gradient: UnsafeRawPointer) {
        let weight = row + RowLayout.weightOffset
        let dimension = layout.dimension
        var i = 0
        while i + 8 <= dimension {
            let w = weight.loadUnaligned(fromByteOffset: 4 * i, as: Vector.self)
            let g = decayed(gradient.loadUnaligned(fromByteOffset: 4 * i, as: Vector.self), w)
            weight.storeBytes(of: w - rate * g, toByteOffset: 4 * i, as: Vector.self)
            i += 8
        }
        let tail = RowLayout.weight(of: row)
        while i < dimension {
            tail[i] -= rate * decayed(float(gradient, i), tail[i])
            i += 1
        }
    }

    /// `G += g^2; w -= rate * g / sqrt(G)` (Duchi, Hazan and Singer 2011)
    @inline(__always)
    private func adagrad(_ row: UnsafeMutableRawPointer, _ gradient: UnsafeRawPointer) {
        let weight = row + RowLayout.weightOffset
        let squares = row + layout.stateOffset
        let dimension = layout.dimension
        var i = 0
        while i + 8 <= dimension {
            let w = weight.loadUnaligned(fromByteOffset: 4 * i, as: Vector.self)
            let g = decayed(gradient.loadUnaligned(fromByteOffset: 4 * i, as: Vector.self), w)
            let sum = squares.loadUnaligned(fromByteOffset: 4 * i, as: Vector.self) + g * g
            squares.storeBytes(of: sum, toByteOffset: 4 * i, as: Vector.self)
            let step = rate * g / squareRoot(sum)
            weight.storeBytes(of: w - step, toByteOffset: 4 * i, as: Vector.self)
            i += 8
        }
        let weights = RowLayout.weight(of: row)
        let sums = squares.assumingMemoryBound(to: Float.self)
        while i < dimension {
            let g = decayed(float(gradient, i), weights[i])
            sums[i] += g * g
            weights[i] -= rate * g / lehr_sqrtf(sums[i])
            i += 1
        }
    }

    /// `m += (1 - b1)(g - m); v += (1 - b2)(g^2 - v); w -= rate * m' / (sqrt(v') + epsilon)`, with
    /// `m' = m / (1 - b1^t)` and `v' = v / (1 - b2^t)`, `t` the row's own step count
    /// (Kingma and Ba 2014, algorithm 1).
    @inline(__always)
    private func adam(
        _ row: UnsafeMutableRawPointer, _ gradient: UnsafeRawPointer, _ beta1: Float,
        _ beta2: Float, _ epsilon: Float
    ) {
        let header = RowLayout.header(of: row)
        if header.pointee.step < .max { header.pointee.step += 1 }
        let t = header.pointee.step
        let scaledRate = Float(Double(rate) / (1 - beta1Powers.power(t)))
        let correction = Float(1 / (1 - beta2Powers.power(t)))
        let dimension = layout.dimension
        let weight = row + RowLayout.weightOffset
        let first = row + layout.stateOffset
        let second = first + 4 * dimension
        var i = 0
        while i + 8 <= dimension {
            let w = weight.loadUnaligned(fromByteOffset: 4 * i, as: Vector.self)
            let g = decayed(gradient.loadUnaligned(fromByteOffset: 4 * i, as: Vector.self), w)
            var m = first.loadUnaligned(fromByteOffset: 4 * i, as: Vector.self)
            var v = second.loadUnaligned(fromByteOffset: 4 * i, as: Vector.self)
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g * g - v)
            first.storeBytes(of: m, toByteOffset: 4 * i, as: Vector.self)
            second.storeBytes(of: v, toByteOffset: 4 * i, as: Vector.self)
            let step = scaledRate * m / (squareRoot(v * correction) + epsilon)
            weight.storeBytes(of: w - step, toByteOffset: 4 * i, as: Vector.self)
            i += 8
        }
        let weights = RowLayout.weight(of: row)
        let firsts = first.assumingMemoryBound(to: Float.self)
        let seconds = second.assumingMemoryBound(to: Float.self)
        while i < dimension {
            let g = decayed(float(gradient, i), weights[i])
            firsts[i] += (1 - beta1) * (g - firsts[i])
            seconds[i] += (1 - beta2) * (g * g - seconds[i])
            let scale = lehr_sqrtf(seconds[i] * correction) + epsilon
            weights[i] -= scaledRate * firsts[i] / scale
            i += 1
        }
    }

    @inline(__always)
    private func float(_ gradient: UnsafeRawPointer, _ index: Int) -> Float {
        gradient.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
    }

    /// `gradient + l2 * weight`, clamped to the limit.
    @inline(__always)
    private func decayed(_ gradient: Vector, _ weight: Vector) -> Vector {
        let sum = gradient + l2 * weight
        let high = Vector(repeating: Self.gradientLimit)
        let capped = sum.replacing(with: high, where: sum .> high)
        return capped.replacing(with: -high, where: capped .< -high)
    }

    @inline(__always)
    private func decayed(_ gradient: Float, _ weight: Float) -> Float {
        let sum = gradient + l2 * weight
        return Swift.max(Swift.min(sum, Self.gradientLimit), -Self.gradientLimit)
    }

    @inline(__always)
    private func squareRoot(_ x: Vector) -> Vector {
        Vector(
            lehr_sqrtf(x[0]), lehr_sqrtf(x[1]), lehr_sqrtf(x[2]), lehr_sqrtf(x[3]),
            lehr_sqrtf(x[4]), lehr_sqrtf(x[5]), lehr_sqrtf(x[6]), lehr_sqrtf(x[7]))
    }
}
