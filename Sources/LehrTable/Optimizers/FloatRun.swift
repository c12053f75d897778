/// Floats one behind the other, at any address, and what the options of an optimizer do to them.
struct FloatRun {
    let start: UnsafeMutableRawPointer
    let count: Int

    /// Whether all are numbers of at most this magnitude.
    @inline(__always)
    func isWithin(_ limit: Float) -> Bool {
        let high = SIMD8<Float>(repeating: limit)
        var i = 0
        while i + 8 <= count {
            let x = load(i, as: SIMD8<Float>.self)
            // A comparison with a NaN is false.
            guard all((x .<= high) .& (x .>= -high)) else { return false }
            i += 8
        }
        while i < count {
            guard abs(load(i, as: Float.self)) <= limit else { return false }
            i += 1
        }
        return true
    }

    /// Makes 0 of what is not a number, and the limit of gradients of what is beyond it.
    func repair() {
        for i in 0..<count {
            let x = load(i, as: Float.self)
            store(x.isNaN ? 0 : x.bounded(by: OptimizerKernel.gradientLimit), i)
        }
    }

    func bound(by limit: Float) {
        var i = 0
        while i + 8 <= count {
            store(load(i, as: SIMD8<Float>.self).bounded(by: limit), i)
            i += 8
        }
        while i < count {
            store(load(i, as: Float.self).bounded(by: limit), i)
            i += 1
        }
    }

    func shrink(by threshold: Float) {
        var i = 0
        while i + 8 <= count {
            store(load(i, as: SIMD8<Float>.self).shrunk(by: threshold), i)
            i += 8
        }
        while i < count {
            store(load(i, as: Float.self).shrunk(by: threshold), i)
            i += 1
        }
    }

    func multiply(by factor: Float) {
        var i = 0
        while i + 8 <= count {
            store(factor * load(i, as: SIMD8<Float>.self), i)
            i += 8
        }
        while i < count {
            store(factor * load(i, as: Float.self), i)
            i += 1
        }
    }

    func divide(by divisor: Float) {
        var i = 0
        while i + 8 <= count {
            store(load(i, as: SIMD8<Float>.self) / divisor, i)
            i += 8
        }
        while i < count {
            store(load(i, as: Float.self) / divisor, i)
            i += 1
        }
    }

    /// Summed over eight lanes, float `i` in lane `i % 8`, so that the order is always the same.
    func sumOfSquares() -> Float {
        var sums = SIMD8<Float>.zero
        var i = 0
        while i + 8 <= count {
            let x = load(i, as: SIMD8<Float>.self)
            sums += x * x
            i += 8
        }
        var lane = 0
        while i < count {
            let x = load(i, as: Float.self)
            sums[lane] += x * x
            lane += 1
            i += 1
        }
        return sums.total
    }

    /// How many are zero, of either sign.
    func zeroCount() -> Int {
        // Counted in floats, which are exact here and as wide as what is compared.
        let one = SIMD8<Float>(repeating: 1)
        var zeros = SIMD8<Float>.zero
        var i = 0
        while i + 8 <= count {
            let isZero = load(i, as: SIMD8<Float>.self) .== SIMD8<Float>.zero
            zeros += SIMD8<Float>.zero.replacing(with: one, where: isZero)
            i += 8
        }
        var sum = Int(zeros.total)
        while i < count {
            if load(i, as: Float.self) == 0 { sum += 1 }
            i += 1
        }
        return sum
    }

    @inline(__always)
    private func load<L: Lanes>(_ index: Int, as type: L.Type) -> L {
        start.loadUnaligned(fromByteOffset: 4 * index, as: L.self)
    }

    @inline(__always)
    private func store<L: Lanes>(_ value: L, _ index: Int) {
        start.storeBytes(of: value, toByteOffset: 4 * index, as: L.self)
    }
}
