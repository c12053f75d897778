import LehrCore

/// The loads of a plan as an SVG: a chart for each resource, with two bars for each core (each shard,
/// for the network), before and after, and a line at the bound.
struct PlanPicture {
    private struct Chart {
        let title: String
        let bars: [(name: String, before: Double, after: Double)]
    }

    private static let width = 960.0
    private static let chartHeight = 170.0
    private static let margin = 60.0
    private static let top = 64.0

    let text: String

    func write(to path: String) throws(ConfigError) {
        do {
            try LocalFileSystem().replace(path, with: Array(text.utf8))
        } catch {
            throw ConfigError(problems: ["--svg: \(error.description)"])
        }
    }

    init(_ report: PlanReport) {
        let charts = [
            Chart(
                title: "cpu of each core",
                bars: report.cores.map { (Self.name($0), $0.cpuBefore, $0.cpu) }),
            Chart(
                title: "memory of each core",
                bars: report.cores.map { (Self.name($0), $0.memoryBefore, $0.memory) }),
            Chart(
                title: "network of each shard",
                bars: report.shards.map { ($0.shard, $0.networkBefore ?? 0, $0.network ?? 0) }),
        ]
        let height = Self.top + Double(charts.count) * (Self.chartHeight + 60)
        var lines = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.number(Self.width))" \
            height="\(Self.number(height))" font-family="sans-serif" font-size="12">
            """,
            #"<rect width="100%" height="100%" fill="white"/>"#,
            Self.label(
                Self.margin, 24,
                "Loads over capacity: before (grey), planned (blue), lower bound (red)"),
            Self.label(Self.margin, 44, Self.summary(report)),
        ]
        for (index, chart) in charts.enumerated() {
            let base = Self.top + Double(index + 1) * (Self.chartHeight + 60) - 30
            lines += Self.draw(chart, base: base, bound: report.lowerBound)
        }
        lines.append("</svg>\n")
        text = lines.joined(separator: "\n")
    }

    private static func summary(_ report: PlanReport) -> String {
        let alternatives = report.alternatives.map {
            "\($0.name) \(Formatting.percent($0.worstLoad))"
        }
        return "worst load: planned \(Formatting.percent(report.plan.worstLoad)), bound "
            + "\(Formatting.percent(report.lowerBound)), " + alternatives.joined(separator: ", ")
    }

    private static func draw(_ chart: Chart, base: Double, bound: Double) -> [String] {
        let highest = max(1, bound, chart.bars.map { max($0.before, $0.after) }.max() ?? 0)
        let scale = chartHeight / highest
        let room = width - 2 * margin
        let step = room / Double(max(chart.bars.count, 1))
        let bar = min(step * 0.42, 40)
        var lines = [label(margin, base - chartHeight - 10, chart.title)]
        for (index, value) in chart.bars.enumerated() {
            let left = margin + (Double(index) + 0.5) * step
            lines.append(rectangle(left - bar, base, bar, value.before * scale, "#b0b0b0"))
            lines.append(
                rectangle(
                    left, base, bar, value.after * scale, "#2a6fb0",
                    tip: "\(value.name): \(Formatting.percent(value.before)) -> "
                        + Formatting.percent(value.after)))
            if step >= 60 { lines.append(label(left - bar, base + 14, value.name)) }
        }
        lines.append(rule(base, "#000000"))
        lines.append(rule(base - bound * scale, "#c03030"))
        lines.append(rule(base - scale, "#909090"))
        lines.append(label(8, base - scale + 4, "100 %"))
        return lines
    }

    private static func name(_ place: PlanReport.Place) -> String {
        "\(place.shard)/\(place.core ?? 0)"
    }

    private static func rectangle(
        _ x: Double, _ base: Double, _ width: Double, _ height: Double, _ fill: String,
        tip: String? = nil
    ) -> String {
        """
        <rect x="\(number(x))" y="\(number(base - height))" width="\(number(width))" \
        height="\(number(height))" fill="\(fill)">\(tip.map { "<title>\(escaped($0))</title>" } ?? "")</rect>
        """
    }

    private static func rule(_ y: Double, _ color: String) -> String {
        """
        <line x1="\(number(margin))" y1="\(number(y))" x2="\(number(width - margin))" \
        y2="\(number(y))" stroke="\(color)"/>
        """
    }

    private static func label(_ x: Double, _ y: Double, _ text: String) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\">\(escaped(text))</text>"
    }

    private static func number(_ value: Double) -> String { Formatting.decimal(value, 2) }

    /// Names are the user's: what XML would take for its own is written otherwise.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
