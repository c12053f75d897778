package import LehrReactor

/// `lehr bench rpc`: the RPC layer against what a server in C, TCP, or another gRPC would do with the
/// same load in the same run.
package final class RPCBenchmark {
    /// A measure's name and what it yields.
    package struct Measure: Sendable {
        package let name: String
        package let summary: String
        let run: @Sendable (Stage) throws -> [Figure]
    }

    package static let measures: [Measure] = [
        Measure(
            name: "nghttpd", summary: "small calls: CPU and rate, against nghttpd",
            run: SmallCalls.againstNghttpd),
        Measure(
            name: "grpc-swift", summary: "small calls: CPU and rate, against grpc-swift-2",
            run: SmallCalls.againstGRPCSwift),
        Measure(
            name: "async", summary: "small calls: CPU of an async handler, against a plain one",
            run: SmallCalls.async),
        Measure(
            name: "counts", summary: "small calls: allocations and instructions, under valgrind",
            run: Counts.measure),
        Measure(
            name: "echo", summary: "1 MiB both ways, against grpc-swift-2", run: LargeCalls.echo),
        Measure(
            name: "upload", summary: "4 MiB one way, against TCP", run: LargeCalls.upload),
        Measure(
            name: "download", summary: "1 MiB down, in cleartext and over TLS, against nghttpd",
            run: LargeCalls.download),
        Measure(
            name: "tls", summary: "small calls over TLS: CPU, against nghttpd and cleartext",
            run: SmallCalls.tls),
        Measure(
            name: "connections", summary: "thousands of connections: rate and memory",
            run: Connections.measure),
        Measure(
            name: "fairness", summary: "small calls beside large ones: latency",
            run: Fairness.measure),
    ]

    /// Removes the files of a run that does not come to its end.
    package static func removeFiles() { Stage.removeFolder() }

    /// Runs the measures of these names, in the order above. `progress` gets a line for each.
    package static func run(
        only names: [String], quick: Bool, launcher: Launcher, grpcSwiftServer: String,
        poll: PollMode,
        progress: (String) -> Void
    ) throws -> BenchReport {
        let processors = Processors()
        let stage = try Stage(
            launcher, processors, isQuick: quick, grpcSwiftServer: grpcSwiftServer,
            poll: poll)
        var report = BenchReport(
            "rpc", Machine(processors), rounds: stage.rounds, quick: quick, poll: poll)
        for measure in measures where names.isEmpty || names.contains(measure.name) {
            progress("\(measure.name): \(measure.summary)")
            do {
                report.figures += try measure.run(stage)
            } catch {
                let omission = BenchReport.Omission(measure: measure.name, reason: "\(error)")
                let isSkipped = (error as? BenchError)?.isMissingPart ?? false
                if isSkipped {
                    report.skipped.append(omission)
                } else {
                    report.broken.append(omission)
                }
                progress("\(measure.name): \(isSkipped ? "skipped" : "broken"): \(error)")
            }
        }
        return report
    }
}
