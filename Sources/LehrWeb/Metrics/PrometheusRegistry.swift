import Synchronization

/// All metrics of a process, as `swift-metrics` hands them in and Prometheus reads them out.
///
/// Counters end in `_total`, timers in `_seconds`; what lacks the suffix gets it. Output is in a
/// fixed order: families by name, series by labels. At most `seriesLimit` series are kept: beyond
/// it a new series is dropped, and so is one whose name stands already for another kind; both are
/// counted in `lehr_metrics_dropped_series_total`.
package final class PrometheusRegistry: Sendable {
    struct Family {
        let kind: PrometheusText.Kind
        var series: [LabelSet: any MetricSeries] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var help: [String: String] = [:]
        var seriesCount = 0
        var droppedCount = 0
    }

    private static let droppedName = "lehr_metrics_dropped_series_total"

    private let state = Mutex(State())
    private let seriesLimit: Int
    private let process: ProcessMetrics?

    /// With `process` the exposition has the `process_...` metrics of this process.
    package init(seriesLimit: Int = 4096, process: Bool = true) {
        self.seriesLimit = seriesLimit
        self.process = process ? ProcessMetrics() : nil
    }

    /// Sets the help line of the metric `name`, given in full as Prometheus shows it.
    package func describe(_ name: String, _ help: String) {
        state.withLock { $0.help[name] = help }
    }

    /// The series of that name, kind and labels: the existing one, a new one, or, when it is to be
    /// dropped, one that nobody reads.
    func series<Series: MetricSeries>(
        _ name: String, kind: PrometheusText.Kind, dimensions: [(String, String)],
        make: () -> Series
    ) -> Series {
        let labels = LabelSet(dimensions)
        return state.withLock { state in
            var family = state.families[name] ?? Family(kind: kind)
            if family.kind == kind, let series = family.series[labels] as? Series { return series }
            guard family.kind == kind, family.series[labels] == nil,
                state.seriesCount < seriesLimit, name != Self.droppedName
            else {
                state.droppedCount += 1
                return make()
            }
            let series = make()
            family.series[labels] = series
            state.families[name] = family
            state.seriesCount += 1
            return series
        }
    }

    /// Forgets a series; a series that was dropped, or forgotten before, is not an error.
    func remove(_ series: AnyObject) {
        state.withLock { state in
            for (name, family) in state.families {
                guard let entry = family.series.first(where: { $0.value === series }) else {
                    continue
                }
                state.families[name]?.series[entry.key] = nil
                state.seriesCount -= 1
                if family.series.count == 1 { state.families[name] = nil }
                return
            }
        }
    }

    /// Everything, in the Prometheus text format.
    package func exposition() -> [UInt8] {
        let state = state.withLock { $0 }
        var singles = process?.samples() ?? []
        singles.append(
            MetricSample(
                name: Self.droppedName, kind: .counter,
                help: "Series refused because of the limit or a conflict of kinds.",
                value: Double(state.droppedCount)))
        singles.sort { $0.name < $1.name }
        var text = PrometheusText()
        var rest = singles[...]
        for (name, family) in state.families.sorted(by: { $0.key < $1.key }) {
            while let single = rest.first, single.name < name {
                single.write(into: &text)
                rest.removeFirst()
            }
            text.family(name, kind: family.kind, help: state.help[name] ?? Self.help(for: name))
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.write(name: name, labels: labels.text, into: &text)
            }
        }
        for single in rest { single.write(into: &text) }
        return text.bytes
    }

    /// A help line for a metric that nobody described: its name in words.
    private static func help(for name: String) -> String {
        String(name.map { $0 == "_" ? " " : $0 }) + "."
    }
}

/// A sample that is taken when the metrics are read.
struct MetricSample {
    let name: String
    let kind: PrometheusText.Kind
    let help: String
    let value: Double

    func write(into text: inout PrometheusText) {
        text.family(name, kind: kind, help: help)
        text.sample(name, labels: "", value: value)
    }
}
