import ArgumentParser
import FoundationEssentials
import Glibc
import LehrCluster
import LehrCore

/// Shows a job while it runs: one line that rewrites itself on a terminal, plain lines elsewhere.
struct JobProgress {
    let json: Bool

    /// Between plain lines, when nothing but the count of samples has changed.
    private static let plainInterval = 2.0

    /// Follows the job to its end; exits with 1 when it failed. A coordinator that is restarted
    /// meanwhile is waited for.
    @discardableResult
    func follow(_ name: String, at cluster: ClientSettings) async throws -> JobStatus {
        let last = try await ControlClient.with(cluster) { client in
            try await watch(name, client)
        }
        if last.state == .failed {
            StandardError.write(
                "error: job \(last.id.value) (\(last.name)) failed: \(last.message)\n")
            throw ExitCode(1)
        }
        return last
    }

    private func watch(_ name: String, _ client: ControlClient) async throws -> JobStatus {
        var printer = LinePrinter(json: json)
        // Found by number from the first answer on: another job may take the name.
        var job = name
        defer { printer.finish() }
        return try await client.follow {
            client.watch(job)
        } _: { status in
            job = "\(status.id.value)"
            try printer.show(status)
        } until: {
            $0.state.hasEnded
        }
    }

    private struct LinePrinter {
        let json: Bool
        private let isTerminal = isatty(STDOUT_FILENO) == 1
        private var lastLine = Date.distantPast
        private var lastKey = ""

        init(json: Bool) { self.json = json }

        mutating func show(_ job: JobStatus) throws {
            if json {
                print(try Formatting.jsonLine(job))
                fflush(nil)
                return
            }
            let line = Self.line(job)
            if isTerminal {
                print("\r\u{1B}[2K" + line, terminator: "")
            } else {
                let key = "\(job.state) \(job.metricEpoch) \(job.metric)"
                guard key != lastKey || -lastLine.timeIntervalSinceNow >= JobProgress.plainInterval
                else {
                    return
                }
                (lastKey, lastLine) = (key, Date())
                print(line)
            }
            fflush(nil)
        }

        mutating func finish() {
            if isTerminal, !json { print() }
        }

        private static func line(_ job: JobStatus) -> String {
            let share = job.samples > 0 ? Double(job.samplesDone) / Double(job.samples) : 0
            var parts = [
                "job \(job.id.value) \(job.state.rawValue)",
                "epoch \(min(job.epoch + 1, job.epochs))/\(job.epochs)",
                "\(Formatting.count(job.samplesDone)) samples (\(Int(share * 100))%)",
            ]
            if job.samplesPerSecond > 0 {
                parts.append("\(Formatting.count(Int(job.samplesPerSecond)))/s")
            }
            if job.loss > 0 { parts.append("loss \(Formatting.decimal(job.loss, 4))") }
            if !job.metricName.isEmpty {
                parts.append("\(job.metricName) \(Formatting.decimal(job.metric, 4))")
            }
            if !job.state.hasEnded, job.samplesPerSecond > 0 {
                let left = Double(job.samples - min(job.samplesDone, job.samples))
                parts.append("ETA \(Formatting.time(left / job.samplesPerSecond))")
            }
            return parts.joined(separator: "  ")
        }
    }
}
