package import LehrCluster
package import LehrCore

/// Throughput and recent loss, from the reports of all workers. For people: not durable.
package struct ProgressMeter: Sendable {
    /// How far back throughput looks.
    private static let window = Duration.seconds(10)

    private struct Mark {
        let time: Instant
        let samples: UInt64
    }

    /// What the newest attempt of each open part had reported last: reports carry sums, not
    /// differences.
    private var seen: [UInt32: TaskReport] = [:]
    private var marks: [Mark] = []
    private var samples: UInt64 = 0
    package private(set) var loss: Double = 0
    private var hasLoss = false
    package private(set) var bytesPulled: UInt64 = 0
    package private(set) var bytesPushed: UInt64 = 0

    package init() {}

    package mutating func add(_ report: TaskReport, newSamples: UInt64, now: Instant) {
        let last = seen[report.part].flatMap { $0.attempt == report.attempt ? $0 : nil }
        let before = last ?? TaskReport.nothing(like: report)
        bytesPulled &+= report.bytesPulled &- min(before.bytesPulled, report.bytesPulled)
        bytesPushed &+= report.bytesPushed &- min(before.bytesPushed, report.bytesPushed)
        if report.lossSamples > before.lossSamples {
            let count = Double(report.lossSamples - before.lossSamples)
            let recent = (report.lossSum - before.lossSum) / count
            // Half the weight of the running mean after about 20,000 examples.
            let weight = hasLoss ? min(1, count / 28_000) : 1
            loss += weight * (recent - loss)
            hasLoss = true
        }
        seen[report.part] = report.isDone ? nil : report
        samples += newSamples
        if marks.isEmpty { marks.append(Mark(time: now, samples: samples - newSamples)) }
        marks.append(Mark(time: now, samples: samples))
        while marks.count > 2, now - marks[1].time >= Self.window { marks.removeFirst() }
    }

    /// Over the last ten seconds of reports; 0 before the second one.
    package var samplesPerSecond: Double {
        guard let first = marks.first, let last = marks.last, last.time > first.time else {
            return 0
        }
        return Double(last.samples - first.samples) / (last.time - first.time).inSeconds
    }
}

extension TaskReport {
    fileprivate static func nothing(like report: TaskReport) -> TaskReport {
        var empty = report
        (empty.bytesPulled, empty.bytesPushed) = (0, 0)
        (empty.lossSum, empty.lossSamples) = (0, 0)
        return empty
    }
}
