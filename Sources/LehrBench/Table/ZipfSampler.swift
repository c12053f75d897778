import Glibc
import LehrCore

/// Ranks from 1 to `count`, rank k with a probability proportional to `k^-exponent`.
///
/// Rejection-inversion (Hörmann and Derflinger 1996): a point below the curve `x^-exponent` is drawn
/// by inverting the curve's integral, and the rank next to it is kept when the point falls into that
/// rank's bar. No table, and little more than one try a draw, however many ranks there are.
struct ZipfSampler: Sendable {
    private let count: Double
    private let exponent: Double
    /// Where draws lie, as values of the integral: from the right end of the last bar to the left one
    /// of the first.
    private let low: Double
    private let high: Double
    /// A rank at most this far right of its point is within its bar, whichever rank it is.
    private let sureDistance: Double

    /// - Parameter exponent: above 1; the integral of 1 itself has another form.
    init(count: Int, exponent: Double) {
        precondition(count > 0, "a law of ranks has ranks")
        precondition(exponent > 1 && exponent <= 8, "the exponent of Zipf's law is in 1 <..8")
        self.count = Double(count)
        self.exponent = exponent
        low = Self.integral(1.5, exponent) - 1
        high = Self.integral(self.count + 0.5, exponent)
        let second = Self.integral(2.5, exponent) - pow(2, -exponent)
        sureDistance = 2 - Self.inverse(second, exponent)
    }

    func draw(_ random: inout RandomSource) -> Int {
        while true {
            let area = low + (high - low) * (Double(random.next() >> 11) * 0x1p-53)
            let point = Self.inverse(area, exponent)
            let rank = min(max((point + 0.5).rounded(.down), 1), count)
            if rank - point <= sureDistance
                || area >= Self.integral(rank + 0.5, exponent) - pow(rank, -exponent)
            {
                return Int(rank)
            }
        }
    }

    /// An integral of `x^-exponent`, and its inverse.
    private static func integral(_ x: Double, _ exponent: Double) -> Double {
        pow(x, 1 - exponent) / (1 - exponent)
    }

    private static func inverse(_ area: Double, _ exponent: Double) -> Double {
        pow(area * (1 - exponent), 1 / (1 - exponent))
    }
}
