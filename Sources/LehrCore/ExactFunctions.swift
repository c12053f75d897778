// Functions of which the C library's last bits differ between versions and processors, here made of
// operations that IEEE 754 rounds exactly: every machine gets the same bits.

/// The natural logarithm of a positive normal number, to about 1e-14.
///
/// `x = 2^e m` with `m` in `[1, 2)`; `ln m = 2 atanh(s)`, `s = (m - 1) / (m + 1) <= 1/3`, by its
/// series up to `s^27`.
package func exactLogarithm(_ x: Double) -> Double {
    let s = (x.significand - 1) / (x.significand + 1)
    let square = s * s
    var sum = 0.0
    var divisor = 27.0
    while divisor > 0 {
        sum = sum * square + 1 / divisor
        divisor -= 2
    }
    return Double(x.exponent) * 0.693147180559945309 + 2 * s * sum
}

/// `e^x` for `x` from -700 to 0, with a relative error below 1e-13.
///
/// `x = n ln 2 + r` with `|r| <= ln 2 / 2`; `e^r` by its series up to `r^14`.
package func exactExponential(_ x: Double) -> Double {
    let n = (x * 1.44269504088896341).rounded()
    let r = x - n * 0.693147180559945309
    var sum = 1.0
    var k = 14.0
    while k > 0 {
        sum = 1 + sum * r / k
        k -= 1
    }
    return Double(sign: .plus, exponent: Int(n), significand: sum)
}

/// `cos x` for `x` from 0 to pi / 2, to about 1e-15, by its series up to `x^24`.
package func exactCosine(_ x: Double) -> Double {
    let square = x * x
    var sum = 1.0
    var k = 24.0
    while k > 0 {
        sum = 1 - sum * square / (k * (k - 1))
        k -= 2
    }
    return sum
}

/// `base^exponent` by repeated squaring; the relative error is about `exponent` times 2^-52.
package func exactPower(_ base: Double, _ exponent: UInt64) -> Double {
    var power = 1.0
    var square = base
    var rest = exponent
    while rest > 0 {
        if rest & 1 == 1 { power *= square }
        square *= square
        rest >>= 1
    }
    return power
}
