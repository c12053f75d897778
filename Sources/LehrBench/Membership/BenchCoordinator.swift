import Glibc
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrPlacement
import LehrRPC
import LehrReactor
import Logging

/// A coordinator that runs no jobs, as a role has it otherwise.
enum BenchCoordinator {
    static func services(
        stateDirectory: String, on reactor: Reactor, _ random: inout RandomSource
    ) throws -> ServiceTable {
        let services = ServiceTable()
        let shell = try Self.shell(
            core: reactor, store: SQLiteStateStore(path: "\(stateDirectory)/coordinator.db"),
            &random)
        shell.onFatal = { error in
            print(error)
            exit(1)
        }
        CoordinatorHandler(shell) { _ throws(CoordinatorRefusal) in
            throw .invalid("this coordinator runs no jobs")
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
