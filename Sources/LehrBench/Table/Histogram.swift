/// Durations in nanoseconds, counted in steps of a quarter of a power of two.
struct Histogram {
    private(set) var count = 0
    private(set) var max = 0.0
    private var steps = [Int](repeating: 0, count: 4 * 64)

    mutating func add(_ nanoseconds: Double) {
        count += 1
        max = Swift.max(max, nanoseconds)
        let whole = UInt64(Swift.max(nanoseconds, 4))
        let power = 63 - whole.leadingZeroBitCount
        steps[4 * power + Int(whole >> UInt64(power - 2) & 3)] += 1
    }

    /// The upper end of the step that a share of all durations is within.
    func quantile(_ share: Double) -> Double {
        var left = Int((Double(count) * share).rounded(.up))
        for (index, step) in steps.enumerated() {
            left -= step
            if left <= 0 {
                return Double(5 + index % 4) * Double(UInt64(1) << UInt64(index / 4)) / 4
            }
        }
        return max
    }

    var text: String {
        let shares = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)]
        let parts = shares.map { "\($0.0) \(microseconds(quantile($0.1)))" }
        return (parts + ["max \(microseconds(max))"]).joined(separator: ", ") + " us"
    }

    private func microseconds(_ nanoseconds: Double) -> String {
        "\((nanoseconds / 100).rounded() / 10)"
    }
}
