import Glibc
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrPlacement
import LehrRPC
import LehrReactor
import Logging

/// A coordinator as a role has it, but that every job is one with `BenchTable`'s table, which has no data:
/// who trains it brings its own.
enum BenchCoordinator {
    /// Starts one that knows nobody yet, in a process of its own.
    static func start(
        in directory: String, partitions: Int = 1, by launcher: Launcher, on processor: Int?
    ) throws(BenchError) -> (process: ChildProcess, address: String) {
        let command =
            launcher.serve + [
                "--kind", "coordinator", "--state-directory", directory,
                "--partitions", "\(partitions)",
            ]
        let process = try ChildProcess(command, by: launcher, on: processor, seconds: 1800)
        return (process, try process.line())
    }

    static func services(
        stateDirectory: String, partitions: Int, on reactor: Reactor,
        _ random: inout RandomSource
    ) throws -> ServiceTable {
        let services = ServiceTable()
        let shell = try Self.shell(
            core: reactor, store: SQLiteStateStore(path: "\(stateDirectory)/coordinator.db"),
            &random)
        shell.onFatal = { error in
            print(error)
            exit(1)
        }
        CoordinatorHandler(shell) { spec throws(CoordinatorRefusal) in
            JobPlan(
                name: spec, spec: spec, tables: [BenchTable.spec],
                files: [.init(path: "", examples: 1)], validation: "", evaluatedEpochs: [],
                epochs: 1, batchSize: 1, isSequential: false,
                partitionBits: partitions.trailingZeroBitCount)
        }.register(in: services)
        return services
    }

    static func shell(
        core: any Core, store: any StateStore, _ random: inout RandomSource
    ) throws -> CoordinatorShell {
        try CoordinatorShell(
            core: core, store: store, terms: LeaseTerms(), placer: EvenSplitPlacer(),
            random: &random, wallClock: { UInt64(time(nil)) * 1000 },
            logger: Logger(label: "lehr.bench", factory: { _ in SwiftLogNoOpLogHandler() }))
    }
}
