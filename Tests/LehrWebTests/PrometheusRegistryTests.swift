import CoreMetrics
import LehrCore
import Testing

@testable import LehrWeb

/// What a scraper reads of what the program counted.
struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry(seriesLimit: 20, process: false)

    private func scrape() throws -> ExpositionParser {
        try ExpositionParser(registry.exposition())
    }

    private func counter(_ label: String, _ dimensions: [(String, String)] = []) -> Counter {
        Counter(label: label, dimensions: dimensions, factory: registry)
    }

    @Test func countsAcrossHandles() throws {
        counter("lehr.pushes", [("b", "2"), ("a", "1")]).increment(by: 3)
        counter("lehr_pushes_total", [("a", "1"), ("b", "2")]).increment()
        FloatingPointCounter(
            label: "lehr_pushes", dimensions: [("b", "2"), ("a", "1")], factory: registry
        )
        .increment(by: 0.5)
        let scraped = try scrape()
        #expect(scraped.samples["lehr_pushes_total{a=\"1\",b=\"2\"}"] == 4.5)
        #expect(scraped.types.map { "\($0.name) \($0.type)" }.contains("lehr_pushes_total counter"))
    }

    @Test func keepsTheLastValueOfGaugesAndMovesMeters() throws {
        let gauge = Gauge(label: "queue_length", factory: registry)
        gauge.record(7)
        gauge.record(2.5)
        let meter = Meter(label: "open", factory: registry)
        meter.set(5)
        meter.decrement(by: 2)
        #expect(try scrape().samples["queue_length"] == 2.5)
        #expect(try scrape().samples["open"] == 3)
    }

    @Test func fillsHistogramBucketsCumulatively() throws {
        let timer = Timer(label: "answer_duration", dimensions: [("m", "x")], factory: registry)
        timer.recordMilliseconds(1)
        timer.recordMicroseconds(80)
        timer.recordSeconds(100)
        let samples = try scrape().samples
        let bucket = "answer_duration_seconds_bucket{m=\"x\",le="
        #expect(samples[bucket + "\"0.0001\"}"] == 1)
        #expect(samples[bucket + "\"0.0005\"}"] == 1)
        #expect(samples[bucket + "\"0.001\"}"] == 2)
        #expect(samples[bucket + "\"30\"}"] == 2)
        #expect(samples[bucket + "\"+Inf\"}"] == 3)
        #expect(samples["answer_duration_seconds_count{m=\"x\"}"] == 3)
        let sum = try #require(samples["answer_duration_seconds_sum{m=\"x\"}"])
        #expect(abs(sum - 100.00108) < 1e-9)
        Recorder(label: "batch_rows", aggregate: true, factory: registry).record(5)
        #expect(try scrape().samples["batch_rows_bucket{le=\"16\"}"] == 1)
    }

    @Test func escapesLabelsAndRepairsNames() throws {
        counter("9-odd näme", [("le", "x\"\\\n"), ("__a b", "ok"), ("", "empty")]).increment()
        registry.describe("_9_odd_n_me_total", "Two\nlines \\ and \"quotes\".")
        let scraped = try scrape()
        #expect(scraped.helps["_9_odd_n_me_total"] == #"Two\nlines \\ and "quotes"."#)
        #expect(
            scraped.order.contains(
                #"_9_odd_n_me_total{_="empty",label___a_b="ok",label_le="x\"\\\n"}"#))
    }

    @Test func writesInAFixedOrder() throws {
        for name in ["c", "a", "b"] {
            for value in ["2", "1"] { counter(name, [("l", value)]).increment() }
        }
        let scraped = try scrape()
        #expect(
            scraped.order.filter { !$0.hasPrefix("lehr_") } == [
                "a_total{l=\"1\"}", "a_total{l=\"2\"}", "b_total{l=\"1\"}", "b_total{l=\"2\"}",
                "c_total{l=\"1\"}", "c_total{l=\"2\"}",
            ])
        #expect(scraped.types.map { $0.name } == scraped.types.map { $0.name }.sorted())
    }

    @Test func dropsAndCountsSeriesBeyondTheLimit() throws {
        for index in 0..<25 { counter("many", [("i", "\(index)")]).increment() }
        counter("many", [("i", "3")]).increment()
        let samples = try scrape().samples
        #expect(samples["lehr_metrics_dropped_series_total"] == 5)
        #expect(samples.keys.filter { $0.hasPrefix("many_total") }.count == 20)
        #expect(samples["many_total{i=\"3\"}"] == 2)
        #expect(samples["many_total{i=\"22\"}"] == nil)
    }

    @Test func dropsASeriesOfAnotherKind() throws {
        counter("thing_total").increment(by: 2)
        Gauge(label: "thing_total", factory: registry).record(40)
        let samples = try scrape().samples
        #expect(samples["thing_total"] == 2)
        #expect(samples["lehr_metrics_dropped_series_total"] == 1)
    }

    @Test func forgetsDestroyedSeriesAndMakesRoom() throws {
        for index in 0..<40 {
            let counter = counter("short", [("i", "\(index)")])
            counter.increment()
            counter.destroy()
        }
        let samples = try scrape().samples
        #expect(samples.keys.filter { $0.hasPrefix("short") }.isEmpty)
        #expect(samples["lehr_metrics_dropped_series_total"] == 0)
    }

    @Test func neverWritesWhatAScraperWouldRefuse() throws {
        var random = RandomSource(seed: 5)
        let registry = PrometheusRegistry(seriesLimit: 500, process: false)
        let alphabet = Array("aZ_:.-9 \"\\\n\u{e4}{}=,le".unicodeScalars)
        func text() -> String {
            var text = ""
            for _ in 0..<random.below(6) {
                text.unicodeScalars.append(alphabet[random.below(alphabet.count)])
            }
            return text
        }
        for _ in 0..<2000 {
            let dimensions = (0..<random.below(4)).map { _ in (text(), text()) }
            switch random.below(3) {
            case 0: Counter(label: text(), dimensions: dimensions, factory: registry).increment()
            case 1: Gauge(label: text(), dimensions: dimensions, factory: registry).record(1)
            default:
                Timer(label: text(), dimensions: dimensions, factory: registry)
                    .recordNanoseconds(Int64(random.below(1 << 40)))
            }
        }
        #expect(throws: Never.self) { try ExpositionParser(registry.exposition()) }
    }

    @Test func tellsOfTheProcess() throws {
        let samples = try ExpositionParser(PrometheusRegistry().exposition()).samples
        #expect(try #require(samples["process_cpu_seconds_total"]) > 0)
        #expect(try #require(samples["process_resident_memory_bytes"]) > 1e6)
        #expect(try #require(samples["process_open_fds"]) >= 3)
        let start = try #require(samples["process_start_time_seconds"])
        let now = Double(wallClockMilliseconds()) / 1000
        #expect(start < now + 1 && start > now - 86_400)
    }
}
