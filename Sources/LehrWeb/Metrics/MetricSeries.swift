import CoreMetrics
import Synchronization

/// One series of a registry: a value, or a histogram, under one set of labels.
protocol MetricSeries: AnyObject, Sendable {
    /// Writes the series' samples; `labels` is its rendered label set.
    func write(name: String, labels: String, into text: inout PrometheusText)
}

/// Only grows; an increment that is not positive is ignored.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler {
    private let total = Mutex(0.0)

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        total.withLock { $0 += amount }
    }

    func reset() { total.withLock { $0 = 0 } }

    func write(name: String, labels: String, into text: inout PrometheusText) {
        text.sample(name, labels: labels, value: total.withLock { $0 })
    }
}

/// The last value set.
final class GaugeSeries: MetricSeries, RecorderHandler, MeterHandler {
    private let value = Mutex(0.0)

    func set(_ newValue: Int64) { set(Double(newValue)) }
    func set(_ newValue: Double) { value.withLock { $0 = newValue } }
    func record(_ newValue: Int64) { set(Double(newValue)) }
    func record(_ newValue: Double) { set(newValue) }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }

    func write(name: String, labels: String, into text: inout PrometheusText) {
        text.sample(name, labels: labels, value: value.withLock { $0 })
    }
}

/// Counts values into fixed buckets; of a timer, in seconds.
final class HistogramSeries: MetricSeries, TimerHandler, RecorderHandler {
    /// Upper bounds of durations in seconds, 100 us to 30 s.
    static let durationBounds = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
        5, 10, 30,
    ]
    /// Upper bounds of other values, powers of 4 from 1 to 16,777,216.
    static let valueBounds = (0...12).map { Double(1 << (2 * $0)) }

    private struct State {
        /// One more than there are bounds; the last counts what is above all of them.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func write(name: String, labels: String, into text: inout PrometheusText) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var total: UInt64 = 0
        let prefix = labels.isEmpty ? "" : labels + ","
        for (bound, count) in zip(bounds + [.infinity], counts) {
            total += count
            text.sample(
                name + "_bucket", labels: "\(prefix)le=\"\(PrometheusText.number(bound))\"",
                value: Double(total))
        }
        text.sample(name + "_sum", labels: labels, value: sum)
        text.sample(name + "_count", labels: labels, value: Double(total))
    }
}
