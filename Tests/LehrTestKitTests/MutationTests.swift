import LehrCoordinator
import LehrMembership
import LehrTestKit
import Testing

/// Whether the simulator would notice: with a guard of the protocol left out it finds a broken promise.
@Suite struct MutationTests {
    private let workload: Workload

    init() throws { workload = try Workload() }

    /// One guard left out, and the first seed of a scenario that shows it.
    struct Mutation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let guards: Guards
        let scenario: String
        let seed: UInt64

        init(_ what: String, without left: Guards, in scenario: String, seed: UInt64) {
            testDescription = what
            guards = .all.subtracting(left)
            self.scenario = scenario
            self.seed = seed
        }
    }

    static let mutations = [
        Mutation(
            "holders count leases from the answer", without: .leaseCountsFromSending,
            in: "everything: whatever fails", seed: 25),
        Mutation(
            "holders ignore that clocks drift", without: .leaseAllowsForDrift,
            in: "drift while a shard is parted", seed: 2),
        Mutation(
            "owners write without a lease", without: .ownerChecksItsLease,
            in: "renewals are slow", seed: 25),
        Mutation(
            "owners are not fenced from their old lives", without: .ownerFencesOldLives,
            in: "a worker that hears no map", seed: 6),
        Mutation(
            "repeats are applied", without: .repeatsAreDropped, in: "connections break", seed: 1),
        Mutation(
            "a restart loses the map's version", without: .restartKeepsVersion,
            in: "a coordinator that crashes", seed: 1),
        Mutation(
            "a restart ends all leases", without: .restartRenewsLeases,
            in: "a coordinator that crashes", seed: 1),
        Mutation(
            "a restart with a shorter TTL forgets the longer one",
            without: .restartKeepsLongerTTL, in: "cuts none short", seed: 1),
        Mutation(
            "a restart forgets who holds what", without: .restartKeepsHolders,
            in: "stops no write", seed: 1),
        Mutation(
            "a coordinator that hung ends leases", without: .forgivesOwnAbsence,
            in: "ends none", seed: 1),
        Mutation(
            "positions are taken from anybody", without: .reportsComeFromHolders,
            in: "requests come a second time", seed: 2),
        Mutation(
            "what could not be saved is said", without: .savedBeforeSaid, in: "disk: full",
            seed: 4),
        Mutation(
            "a lease is given back before the cores are closed", without: .closedBeforeLeft,
            in: "a shard that is told to stop", seed: 1),
        Mutation(
            "a dead watch is waited for", without: .deadWatchesAreReplaced,
            in: "a watch of the map that tells nothing", seed: 1),
        Mutation(
            "an answer to a renewal is waited for", without: .unansweredRenewalsAreGivenUp,
            in: "renewals that are not answered", seed: 1),
        Mutation(
            "a partition is written to while its last rows are on their way",
            without: .sealedBeforeLastRows, in: "partitions get other owners", seed: 1),
        Mutation(
            "what changes during a move is not sent again", without: .changesAreSentAgain,
            in: "partitions get other owners", seed: 1),
        Mutation(
            "applied batches are forgotten in a move", without: .appliedBatchesMove,
            in: "partitions get other owners", seed: 1),
        Mutation(
            "rows are dropped before the new owner has said that it knows",
            without: .keptUntilTaken, in: "a new owner that crashes", seed: 1),
        Mutation(
            "a new owner is open before its move has ended", without: .openedAfterMove,
            in: "nor in sequential mode", seed: 1),
    ]

    @Test(arguments: mutations)
    func isFound(mutation: Mutation) throws {
        try find(mutation.testDescription, mutation.scenario, from: mutation.seed) {
            Simulation($0, seed: $1, workload: workload, guards: mutation.guards)
        }
    }

    @Test func aDiskThatDoesNotSyncIsFound() throws {
        try find("the disk syncs nothing", "the power goes during", from: 1) {
            Simulation($0, seed: $1, workload: workload, isSyncing: false)
        }
    }

    @Test func aStoreThatDoesNotSyncIsFound() throws {
        var settings = SQLiteStateStore.Settings()
        settings.synchronous = "OFF"
        try find("commits are not synced", "the power goes during", from: 1) {
            Simulation($0, seed: $1, workload: workload, store: settings)
        }
    }

    @Test func commitsInPartsAreFound() throws {
        var settings = SQLiteStateStore.Settings()
        settings.journalMode = "OFF"
        try find("commits have no journal", "ends before and after", from: 2) {
            Simulation($0, seed: $1, workload: workload, store: settings)
        }
    }

    @Test func servingThatNeedsALeaseIsFound() throws {
        try find("serving answers only with a lease", "a process that is forgotten", from: 2) {
            Simulation($0, seed: $1, workload: workload, servingNeedsLease: true)
        }
    }

    /// With a change of any role a seed is another course of events, so that the known one may no
    /// longer show it; one of the next does.
    private func find(
        _ what: String, _ name: String, from first: UInt64,
        _ simulation: (Scenario, UInt64) -> Simulation
    ) throws {
        let scenario = try #require(Scenario.find(name))
        let found = (first..<first + 40).first {
            !simulation(scenario, $0).run().violations.isEmpty
        }
        guard let found else {
            Issue.record("\(what): no seed from \(first) on shows it (\(scenario.name))")
            return
        }
        print("\(what): seed \(found) of \"\(scenario.name)\"")
    }
}
