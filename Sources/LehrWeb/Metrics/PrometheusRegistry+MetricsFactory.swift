package import CoreMetrics

extension PrometheusRegistry: MetricsFactory {
    package func makeCounter(
        label: String, dimensions: [(String, String)]
    ) -> any CounterHandler { counter(label, dimensions) }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler { counter(label, dimensions) }

    package func makeMeter(
        label: String, dimensions: [(String, String)]
    ) -> any MeterHandler { gauge(label, dimensions) }

    /// An aggregating recorder is a histogram, any other (a `Gauge`) its last value.
    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return gauge(label, dimensions) }
        return series(validMetricName(label), kind: .histogram, dimensions: dimensions) {
            HistogramSeries(bounds: HistogramSeries.valueBounds)
        }
    }

    package func makeTimer(
        label: String, dimensions: [(String, String)]
    ) -> any TimerHandler {
        let name = Self.name(label, suffix: "_seconds")
        return series(name, kind: .histogram, dimensions: dimensions) {
            HistogramSeries(bounds: HistogramSeries.durationBounds)
        }
    }

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {
        remove(handler)
    }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterSeries {
        let name = Self.name(label, suffix: "_total")
        return series(name, kind: .counter, dimensions: dimensions) { CounterSeries() }
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        series(validMetricName(label), kind: .gauge, dimensions: dimensions) { GaugeSeries() }
    }

    private static func name(_ label: String, suffix: String) -> String {
        let name = validMetricName(label)
        return name.hasSuffix(suffix) ? name : name + suffix
    }
}
