import CLehrKernels
import LehrCore

/// The standard normal quantile of `p` in (0, 1), to about seven digits.
///
/// Algorithm AS 241, PPND7 (Wichura 1988). It and the logarithm under it use only operations that
/// IEEE 754 rounds exactly, so that every machine draws the same rows; the C library's `log` and
/// `cos`, which Box-Muller would need, differ in the last bits between versions and processors.
func normalQuantile(_ p: Double) -> Float {
    let q = p - 0.5
    if abs(q) <= 0.425 {
        let r = 0.180625 - q * q
        let top = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
        let bottom = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1
        return Float(q * top / bottom)
    }
    var r = Double(lehr_sqrtf(Float(-exactLogarithm(Swift.min(p, 1 - p)))))
    let tail: Double
    if r <= 5 {
        r -= 1.6
        let top = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
        let bottom = (0.12021132975 * r + 0.73700164250) * r + 1
        tail = top / bottom
    } else {
        r -= 5
        let top = ((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150
        let bottom = (0.012258202635 * r + 0.24197894225) * r + 1
        tail = top / bottom
    }
    return Float(q < 0 ? -tail : tail)
}
