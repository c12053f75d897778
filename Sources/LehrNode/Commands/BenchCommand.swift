import ArgumentParser
import FoundationEssentials
import LehrBench
import LehrCore
import LehrReactor
import LehrTLS

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure parts of Lehr against what they should be as good as.",
        subcommands: [
            RPC.self, Table.self, Membership.self, Placement.self, Moves.self, Serve.self,
            Become.self,
        ])

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

        @OptionGroup var flags: BenchFlags
        @Option(help: "How Lehr's reactor waits for events: block, adaptive or busy.")
        var poll = PollMode.adaptive
        @Option(help: "The server of the package in Benchmarks/.")
        var grpcSwiftServer = "Benchmarks/.build/release/grpc-swift-server"

        func validate() throws {
            try flags.validate(against: RPCBenchmark.measures.map(\.name))
        }

        func run() throws {
            // The processes that it has started end with it.
            let interrupts = Interrupts { RPCBenchmark.removeFiles() }
            defer { withExtendedLifetime(interrupts) {} }
            ProcessMemory.keepLargeBlocks()
            let report = try RPCBenchmark.run(
                only: flags.only, quick: flags.quick, launcher: try BenchFlags.launcher(),
                grpcSwiftServer: grpcSwiftServer, poll: poll, progress: BenchFlags.progress)
            try BenchText.show(report, json: flags.json, gate: flags.gate)
        }
    }

    struct Table: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measure the shard's table.",
            discussion: """
                CPU time of one core, in turns with a reference that does the same work, for tables \
                of 1 and of 64 partitions. The largest table takes some 10 GB beside its reference; \
                all of it some ten minutes.

                Measures:
                \(TableBenchmark.measures.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))
                """)

        @OptionGroup var flags: BenchFlags
        @Option(parsing: .upToNextOption, help: "Sizes of tables, in rows.")
        var rows = [1_000_000, 20_000_000]
        @Option(help: "The program of the package in Benchmarks/Table.")
        var abslTable = "Benchmarks/Table/.build/release/absl-table"

        func validate() throws {
            try flags.validate(against: TableBenchmark.measures.map(\.name))
            for count in rows where !(10_000...1_000_000_000).contains(count) {
                throw ValidationError("--rows: \(count) is not 10000 to 1000000000")
            }
        }

        func run() throws {
            let interrupts = Interrupts { TableBenchmark.removeFiles() }
            defer { withExtendedLifetime(interrupts) {} }
            let report = try TableBenchmark.run(
                only: flags.only, quick: flags.quick, rowCounts: rows,
                launcher: try BenchFlags.launcher(), abslProgram: abslTable,
                progress: BenchFlags.progress)
            try BenchText.show(report, json: flags.json, gate: flags.gate)
        }
    }

    struct Membership: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measure what members cost the coordinator.",
            discussion: """
                A coordinator with its database has one core, and members that join it, watch the map \
                and renew their leases at the default heartbeat come from another; and clusters of up \
                to ten times as many, on a virtual clock without sockets.

                Measures:
                \(MembershipBenchmark.measures.map { "  \($0.name): \($0.summary)" }
                    .joined(separator: "\n"))
                """)

        @OptionGroup var flags: BenchFlags
        @Option(help: "Members of the cluster, each with a connection.")
        var members = 5000

        func validate() throws {
            try flags.validate(against: MembershipBenchmark.measures.map(\.name))
            guard (2...MembershipBenchmark.membersMax).contains(members) else {
                throw ValidationError(
                    "--members: \(members) is not 2 to \(MembershipBenchmark.membersMax)")
            }
        }

        func run() throws {
            let interrupts = Interrupts { MembershipBenchmark.removeFiles() }
            defer { withExtendedLifetime(interrupts) {} }
            ProcessMemory.keepLargeBlocks()
            let report = try MembershipBenchmark.run(
                only: flags.only, quick: flags.quick, members: members,
                launcher: try BenchFlags.launcher(), progress: BenchFlags.progress)
            try BenchText.show(report, json: flags.json, gate: flags.gate)
        }
    }

    struct Placement: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measure placements against their lower bound.",
            discussion: """
                Skewed tables on 4 to 1,000 shards, drawn from seeds: the worst load beside the bound \
                that none can be below, round robin, an even split and the largest partition first. \
                Loads are added up from the plan by code that the search has no part in.

                Measures:
                \(PlacementBenchmark.measures.map { "  \($0.name): \($0.summary)" }
                    .joined(separator: "\n"))
                """)

        @OptionGroup var flags: BenchFlags

        func validate() throws {
            try flags.validate(against: PlacementBenchmark.measures.map(\.name))
        }

        func run() throws {
            let report = PlacementBenchmark.run(
                only: flags.only, quick: flags.quick, progress: BenchFlags.progress)
            try BenchText.show(report, json: flags.json, gate: flags.gate)
        }
    }

    struct Moves: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measure what moving partitions costs those who train.",
            discussion: """
                A coordinator, two shards and a worker's client, on loopback: rows are pulled and \
                pushed while partitions move to and fro between the shards.

                Measures:
                \(MovesBenchmark.measures.map { "  \($0.name): \($0.summary)" }
                    .joined(separator: "\n"))
                """)

        @OptionGroup var flags: BenchFlags
        @Option(help: "Rows of the table.")
        var rows = 1_000_000

        func validate() throws {
            try flags.validate(against: MovesBenchmark.measures.map(\.name))
            guard (10_000...10_000_000).contains(rows) else {
                throw ValidationError("--rows: \(rows) is not 10000 to 10000000")
            }
        }

        func run() throws {
            let interrupts = Interrupts { MovesBenchmark.removeFiles() }
            defer { withExtendedLifetime(interrupts) {} }
            ProcessMemory.keepLargeBlocks()
            let report = try MovesBenchmark.run(
                only: flags.only, quick: flags.quick, rows: rows,
                launcher: try BenchFlags.launcher(), progress: BenchFlags.progress)
            try BenchText.show(report, json: flags.json, gate: flags.gate)
        }
    }

    /// A server under test.
    struct Serve: ParsableCommand {
        static let configuration = CommandConfiguration(shouldDisplay: false)

        @Option var kind = ServerProgram.Kind.grpc
        @Option var messageBytes = 0
        @Option var partitions = 1
        @Option var stateDirectory = "."
        @Option var poll = PollMode.block
        @Option(help: "The certificate and its key, in one file.") var tlsCertificate: String?
        @Option var tlsAuthority = ""

        func validate() throws {
            guard (1...65_536).contains(partitions), partitions.nonzeroBitCount == 1 else {
                throw ValidationError(
                    "--partitions: \(partitions) is not a power of two from 1 to 65536")
            }
        }

        func run() throws {
            let tls = tlsCertificate.map {
                TLSFiles(certificate: $0, key: $0, authority: tlsAuthority)
            }
            ProcessMemory.keepLargeBlocks()
            try ServerProgram.run(
                ServerProgram.Options(
                    kind: kind, messageBytes: messageBytes, partitions: partitions,
                    stateDirectory: stateDirectory, tls: tls, poll: poll),
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

/// What every benchmark can be told.
struct BenchFlags: ParsableArguments {
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

    func validate(against known: [String]) throws {
        for name in only where !known.contains(name) {
            throw ValidationError(
                "--only: there is no measure '\(name)'; expected one of "
                    + known.joined(separator: ", "))
        }
    }

    /// This program as the one that starts and is the processes of a benchmark.
    static func launcher() throws -> Launcher {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return Launcher(
            become: [program, "bench", "become"], serve: [program, "bench", "serve"],
            shard: [program, "shard"])
    }

    static func progress(_ line: String) {
        StandardError.write("bench: \(line)\n")
    }
}

extension PollMode: ExpressibleByArgument {}
extension ServerProgram.Kind: ExpressibleByArgument {}

/// A benchmark's report for people.
enum BenchText {
    /// Prints a report. With `gate` a figure that misses its target fails the command.
    static func show(_ report: BenchReport, json: Bool, gate: Bool) throws {
        print(json ? try Formatting.json(report) : describe(report))
        let isMet = report.failed.isEmpty && report.skipped.isEmpty
        if !report.broken.isEmpty || gate && !isMet { throw ExitCode(1) }
    }

    static func describe(_ report: BenchReport) -> String {
        let machine = report.machine
        var lines = [
            "\(machine.processor), \(machine.cores) cores, Linux \(machine.kernel), load "
                + "\(Formatting.decimal(machine.loadAverage, 1)); "
                + (machine.pinned ? "server and load pinned to a core each" : "nothing pinned")
                + "; \(report.rounds) rounds" + (report.quick ? ", cut short" : "")
                + (report.poll.map { $0 == "adaptive" ? "" : "; poll \($0)" } ?? "")
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
