import ArgumentParser
import Foundation
import LehrBench
import LehrCore
import LehrReactor
import LehrTLS

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure parts of Lehr against what they should be as good as.",
        subcommands: [RPC.self, Serve.self, Become.self])

    struct RPC: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measure the RPC layer.",
            discussion: """
                Each measure puts Lehr and its reference under the same load in turns, on loopback, \
                the server on one core and the load on another. Ratios of CPU a request hold on a \
                busy machine; rates want a quiet one.

                Measures:
                \(RPCBenchmark.measures.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))
                """)

        @Option(
            name: .customLong("only"), parsing: .upToNextOption,
            help: "Take only these measures.")
        var only: [String] = []
        @Flag(help: "One short round: to see that it works.")
        var quick = false
        @Flag(help: "Print JSON for programs instead of a table for people.")
        var json = false
        @Flag(
            help:
                """
                Exit with status 1 when a figure misses its target or was skipped, not only when a \
                measure breaks.
                """
        )
        var gate = false
        @Option(help: "How Lehr's reactor waits for events: block, adaptive or busy.")
        var poll = PollMode.adaptive
        @Option(help: "The server of the package in Benchmarks/.")
        var grpcSwiftServer = "Benchmarks/.build/release/grpc-swift-server"

        func validate() throws {
            let known = RPCBenchmark.measures.map(\.name)
            for name in only where !known.contains(name) {
                throw ValidationError(
                    "--only: there is no measure '\(name)'; expected one of "
                        + known.joined(separator: ", "))
            }
        }

        func run() throws {
            let program = try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/exe")
            let launcher = Launcher(
                become: [program, "bench", "become"], serve: [program, "bench", "serve"])
            // The processes that it has started end with it.
            let interrupts = Interrupts { RPCBenchmark.removeFiles() }
            defer { withExtendedLifetime(interrupts) {} }
            ProcessMemory.keepLargeBlocks()
            let report = try RPCBenchmark.run(
                only: only, quick: quick, launcher: launcher, grpcSwiftServer: grpcSwiftServer,
                poll: poll
            ) { line in
                FileHandle.standardError.write(Data("bench: \(line)\n".utf8))
            }
            print(json ? try Formatting.json(report) : BenchText.describe(report))
            let isMet = report.failed.isEmpty && report.skipped.isEmpty
            if !report.broken.isEmpty || gate && !isMet { throw ExitCode(1) }
        }
    }

    /// A server under test.
    struct Serve: ParsableCommand {
        static let configuration = CommandConfiguration(shouldDisplay: false)

        @Option var kind = ServerProgram.Kind.grpc
        @Option var messageBytes = 0
        @Option var poll = PollMode.block
        @Option(help: "The certificate and its key, in one file.") var tlsCertificate: String?
        @Option var tlsAuthority = ""

        func run() throws {
            let tls = tlsCertificate.map {
                TLSFiles(certificate: $0, key: $0, authority: tlsAuthority)
            }
            ProcessMemory.keepLargeBlocks()
            try ServerProgram.run(
                ServerProgram.Options(
                    kind: kind, messageBytes: messageBytes, tls: tls, poll: poll),
                random: RandomSource(seed: 1))
        }
    }

    /// Becomes another program, with bounds.
    struct Become: ParsableCommand {
        static let configuration = CommandConfiguration(shouldDisplay: false)

        @Option var processor = "any"
        @Option var seconds: Int
        @Argument(parsing: .postTerminator) var command: [String]

        func run() throws {
            try Launch.become(command, processor: Int(processor), seconds: seconds)
        }
    }
}

extension PollMode: ExpressibleByArgument {}
extension ServerProgram.Kind: ExpressibleByArgument {}

/// A benchmark's report for people.
enum BenchText {
    static func describe(_ report: BenchReport) -> String {
        let machine = report.machine
        var lines = [
            "\(machine.processor), \(machine.cores) cores, Linux \(machine.kernel), load "
                + "\(Formatting.decimal(machine.loadAverage, 1)); "
                + (machine.pinned ? "server and load pinned to a core each" : "nothing pinned")
                + "; \(report.rounds) rounds" + (report.quick ? ", cut short" : "")
                + (report.poll == "adaptive" ? "" : "; poll \(report.poll)")
        ]
        var table = TextTable([
            ("measure", .left), ("unit", .left), ("lehr", .right), ("reference", .right),
            ("", .left), ("ratio", .right), ("min..max", .left), ("target", .left), ("", .left),
        ])
        for figure in report.figures { table.add(row(figure)) }
        lines.append(table.text)
        lines += report.figures.compactMap { figure in
            figure.note.map { "\(figure.name): \($0)" }
        }
        lines += report.skipped.map { "\($0.measure): skipped: \($0.reason)" }
        lines += report.broken.map { "\($0.measure): broken: \($0.reason)" }
        return lines.joined(separator: "\n")
    }

    private static func row(_ figure: Figure) -> [String] {
        let range = figure.ratio.map { "\(number($0.min))..\(number($0.max))" }
        return [
            figure.summary, figure.unit, number(figure.lehr.median),
            figure.reference.map { number($0.sample.median) } ?? "",
            figure.reference?.name ?? "", figure.ratio.map { number($0.median) } ?? "",
            range ?? "", figure.target?.description ?? "",
            figure.passed.map { $0 ? "ok" : "MISSED" } ?? "",
        ]
    }

    /// Three digits or more.
    private static func number(_ value: Double) -> String {
        if value >= 1000 { return Formatting.count(Int(value.rounded())) }
        return Formatting.decimal(value, value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3)
    }
}
