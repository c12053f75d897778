import CLehrKernels

/// Floats that a rule treats alike: one, or eight at once.
///
/// A rule is written once, over this; the compiler makes it for the two types, which is as fast as
/// writing it twice. Each float is updated by itself, so both give the same bits.
protocol Lanes: BitwiseCopyable {
    init(repeating value: Float)
    static func + (left: Self, right: Self) -> Self
    static func - (left: Self, right: Self) -> Self
    static func * (left: Self, right: Self) -> Self
    static func / (left: Self, right: Self) -> Self
    static func += (left: inout Self, right: Self)
    static func * (left: Float, right: Self) -> Self
    static func + (left: Self, right: Float) -> Self

    var root: Self { get }

    /// Brought into `-limit ... limit`; what is not a number stays so.
    func bounded(by limit: Float) -> Self

    /// `sign(x) * max(|x| - threshold, 0)`, 0 being +0 (the proximal operator of the L1 norm).
    func shrunk(by threshold: Float) -> Self
}

extension Float: Lanes {
    @inline(__always)
    init(repeating value: Float) { self = value }

    @inline(__always)
    var root: Float { lehr_sqrtf(self) }

    @inline(__always)
    func bounded(by limit: Float) -> Float {
        let capped = self > limit ? limit : self
        return capped < -limit ? -limit : capped
    }

    @inline(__always)
    func shrunk(by threshold: Float) -> Float {
        if self > threshold { return self - threshold }
        return self < -threshold ? self + threshold : 0
    }
}

extension SIMD8<Float>: Lanes {
    @inline(__always)
    var root: Self {
        Self(
            lehr_sqrtf(self[0]), lehr_sqrtf(self[1]), lehr_sqrtf(self[2]), lehr_sqrtf(self[3]),
            lehr_sqrtf(self[4]), lehr_sqrtf(self[5]), lehr_sqrtf(self[6]), lehr_sqrtf(self[7]))
    }

    @inline(__always)
    func bounded(by limit: Float) -> Self {
        let high = Self(repeating: limit)
        let capped = replacing(with: high, where: self .> high)
        return capped.replacing(with: -high, where: capped .< -high)
    }

    @inline(__always)
    func shrunk(by threshold: Float) -> Self {
        let high = Self(repeating: threshold)
        let positive = Self.zero.replacing(with: self - high, where: self .> high)
        return positive.replacing(with: self + high, where: self .< -high)
    }

    /// The sum of the eight, always in this order.
    @inline(__always)
    var total: Float {
        let quads = lowHalf + highHalf
        let pairs = quads.lowHalf + quads.highHalf
        return pairs[0] + pairs[1]
    }
}
