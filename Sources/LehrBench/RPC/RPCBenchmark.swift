package import LehrReactor

/// `lehr bench rpc`: the RPC layer against what a server in C, TCP, or another gRPC would do with the
/// same load in the same run.
package final class RPCBenchmark {
    package static let measures: [BenchMeasure<Stage>] = [
        BenchMeasure(
            name: "nghttpd", summary: "small calls: CPU and rate, against nghttpd",
            run: SmallCalls.againstNghttpd),
        BenchMeasure(
            name: "grpc-swift", summary: "small calls: CPU and rate, against grpc-swift-2",
            run: SmallCalls.againstGRPCSwift),
        BenchMeasure(
            name: "async", summary: "small calls: CPU of an async handler, against a plain one",
            run: SmallCalls.async),
        BenchMeasure(
            name: "counts", summary: "small calls: allocations and instructions, under valgrind",
            run: Counts.measure),
        BenchMeasure(
            name: "echo", summary: "1 MiB both ways, against grpc-swift-2", run: LargeCalls.echo),
        BenchMeasure(
            name: "upload", summary: "4 MiB one way, against TCP", run: LargeCalls.upload),
        BenchMeasure(
            name: "download", summary: "1 MiB down, in cleartext and over TLS, against nghttpd",
            run: LargeCalls.download),
        BenchMeasure(
            name: "tls", summary: "small calls over TLS: CPU, against nghttpd and cleartext",
            run: SmallCalls.tls),
        BenchMeasure(
            name: "connections", summary: "thousands of connections: rate and memory",
            run: Connections.measure),
        BenchMeasure(
            name: "fairness", summary: "small calls beside large ones: latency",
            run: Fairness.measure),
    ]

    /// Removes the files of a run that does not come to its end.
    package static func removeFiles() { Stage.removeFolder() }

    /// Runs the measures of these names, in the order above.
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
        report.take(measures, only: names, on: stage, progress: progress)
        return report
    }
}
