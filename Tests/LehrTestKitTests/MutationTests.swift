import LehrMembership
import LehrTestKit
import Testing

/// Whether the simulator would notice: with each guard of the protocol left out it finds a broken
/// promise. The seeds are the first that do (of those from 0 on, each with its scenario); a change of
/// any role may move them, and then `--seeds` finds others.
@Suite struct MutationTests {
    private let workload: Workload

    init() throws { workload = try Workload() }

    struct Mutation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let guards: Guards
        let isSyncing: Bool
        let seed: UInt64

        init(_ what: String, without guards: Guards = [], isSyncing: Bool = true, seed: UInt64) {
            testDescription = what
            self.guards = .all.subtracting(guards)
            self.isSyncing = isSyncing
            self.seed = seed
        }
    }

    static let mutations = [
        Mutation(
            "holders count leases from the answer", without: .leaseCountsFromSending, seed: 54),
        Mutation(
            "holders ignore that clocks drift", without: .leaseAllowsForDrift, seed: 129),
        Mutation("owners write without a lease", without: .ownerChecksItsLease, seed: 37),
        Mutation(
            "owners are not fenced from their old lives", without: .ownerFencesOldLives, seed: 61),
        Mutation("repeats are applied", without: .repeatsAreDropped, seed: 0),
        Mutation("a restart loses the map's version", without: .restartKeepsVersion, seed: 0),
        Mutation("a restart ends all leases", without: .restartRenewsLeases, seed: 0),
        Mutation(
            "positions are taken from anybody", without: .reportsComeFromHolders, seed: 13),
    ]

    @Test(arguments: mutations)
    func isFound(mutation: Mutation) {
        // A few more than the one that is known, should a role have changed.
        for seed in mutation.seed..<mutation.seed + 5 {
            let outcome = Simulation(
                .of(seed: seed), seed: seed, workload: workload, guards: mutation.guards,
                isSyncing: mutation.isSyncing
            ).run()
            if !outcome.violations.isEmpty { return }
        }
        Issue.record("\(mutation.testDescription): not found from seed \(mutation.seed) on")
    }
}
