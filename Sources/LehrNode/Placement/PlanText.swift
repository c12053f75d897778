/// A plan for people.
enum PlanText {
    /// Rows of a table before the rest is only counted.
    private static let rowsMax = 64

    static func describe(_ report: PlanReport) -> String {
        var lines = [summary(report), "", alternatives(report), "", loads(report), ""]
        lines.append(assignments(report))
        if report.isCutShort {
            lines.append("time ran out after \(report.steps) steps; more --seconds may find better")
        }
        return lines.joined(separator: "\n")
    }

    private static func summary(_ report: PlanReport) -> String {
        var lines = [
            "the most loaded core or shard cannot be below \(Formatting.percent(report.lowerBound)); "
                + "the plan comes to \(Formatting.percent(report.plan.worstLoad))"
        ]
        if !report.lostOwners.isEmpty {
            lines.append("not in the cluster any more: " + list(report.lostOwners))
        }
        if let obstacle = report.obstacle { lines.append("NOT POSSIBLE: \(obstacle)") }
        return lines.joined(separator: "\n")
    }

    private static func alternatives(_ report: PlanReport) -> String {
        var table = TextTable([
            ("placement", .left), ("worst load", .right), ("over bound", .right),
            ("cores a batch", .right), ("partitions", .right), ("to move", .right), ("", .left),
        ])
        for candidate in [report.before] + report.alternatives + [report.plan] {
            table.add([
                candidate.name, Formatting.percent(candidate.worstLoad),
                Formatting.decimal(candidate.overBound, 3),
                Formatting.decimal(candidate.fanOut, 1), "\(candidate.partitions)",
                Formatting.bytes(rounding: candidate.movedBytes),
                candidate.fits ? "" : "does not fit into memory",
            ])
        }
        var text = table.text
        if report.leastMovedBytes > 0 {
            let least = Formatting.bytes(rounding: report.leastMovedBytes)
            text += "\n\(least) have to move in any case"
        }
        return text
    }

    private static func loads(_ report: PlanReport) -> String {
        var table = TextTable([
            ("shard", .left), ("core", .right), ("partitions", .right), ("cpu", .right),
            ("before", .right), ("memory", .right), ("before", .right), ("network", .right),
            ("before", .right),
        ])
        for place in report.cores.prefix(rowsMax) { table.add(row(place)) }
        for place in report.shards.prefix(rowsMax) { table.add(row(place)) }
        let more = max(0, report.cores.count - rowsMax) + max(0, report.shards.count - rowsMax)
        return table.text + remainder(more)
    }

    private static func row(_ place: PlanReport.Place) -> [String] {
        [
            place.shard, place.core.map { "\($0)" } ?? "all", "\(place.partitions)",
            Formatting.percent(place.cpu), Formatting.percent(place.cpuBefore),
            Formatting.percent(place.memory), Formatting.percent(place.memoryBefore),
            place.network.map(Formatting.percent) ?? "",
            place.networkBefore.map(Formatting.percent) ?? "",
        ]
    }

    private static func assignments(_ report: PlanReport) -> String {
        var table = TextTable([
            ("job", .left), ("table", .left), ("partition", .right), ("shard/core", .left),
            ("from", .left), ("adds", .right), ("load there", .right), ("load elsewhere", .right),
        ])
        for assignment in report.assignments.prefix(rowsMax) {
            table.add([
                assignment.job, assignment.table, "\(assignment.partition)",
                "\(assignment.shard)/\(assignment.core)", assignment.from ?? "",
                Formatting.percent(assignment.share), Formatting.percent(assignment.load),
                assignment.loadElsewhere.map(Formatting.percent) ?? "",
            ])
        }
        return table.text + remainder(report.assignments.count - rowsMax)
    }

    private static func remainder(_ count: Int) -> String {
        count > 0 ? "\n... and \(count) more; --json has all" : ""
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(8).joined(separator: ", ")
            + (names.count > 8 ? " and \(names.count - 8) more" : "")
    }
}
