import ArgumentParser
import Glibc
import LehrTestKit

/// Runs the cluster's real roles under a virtual clock, a seeded network and a simulated disk.
@main
struct LehrSim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lehr-sim",
        abstract: "Run a whole cluster on a simulated clock, network and disk, from a seed.",
        discussion: """
            With --seed: one run, and the hash of its event log, which is the same in any process. \
            With --seeds: one run after another, with the first that breaks a promise the last. \
            Each seed stands for a scenario unless one is named. Exits with 1 when a promise was \
            broken.
            """)

    @Option(help: "The seed that everything random of one run comes from.")
    var seed: UInt64 = 1

    @Option(help: "Try this many seeds; 0: until one breaks a promise.")
    var seeds: UInt64?

    @Option(help: "The first of --seeds.")
    var first: UInt64 = 1

    @Option(help: "A scenario's name, or a part that no other has; see --list.")
    var scenario: String?

    @Flag(help: "Print every event of --seed.")
    var log = false

    @Flag(help: "List the scenarios.")
    var list = false

    func validate() throws {
        if let scenario, Scenario.find(scenario) == nil {
            throw ValidationError("no scenario, or more than one, is named '\(scenario)': --list")
        }
    }

    func run() throws {
        if list {
            for scenario in Scenario.all { print(scenario.name) }
            return
        }
        try runDeterministically()
        let workload = try Workload()
        guard let seeds else {
            return try replay(workload)
        }
        try search(seeds, workload)
    }

    /// Dictionaries are never iterated in a decision, but a slip must not pass for chance.
    private func runDeterministically() throws {
        guard getenv("SWIFT_DETERMINISTIC_HASHING") == nil else { return }
        setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
        throw ValidationError("cannot run itself again: \(String(cString: strerror(errno)))")
    }

    private func replay(_ workload: Workload) throws {
        let scenario = chosen(seed)
        let log = self.log
        let events = EventLog { if log { print($0) } }
        SimulatedVFS.seedSQLite(seed)
        let outcome = Simulation(scenario, seed: seed, workload: workload, log: events).run()
        let hash = String(events.hash, radix: 16)
        print("seed \(seed): \(scenario.name)")
        print(
            "seed \(seed): \(outcome.events) events, \(outcome.jobs) jobs, "
                + "\(events.lineCount) lines, log \(hash)")
        for (name, fired) in outcome.faults { print("seed \(seed): \(name), \(fired) times") }
        if !outcome.violations.isEmpty { try fail(seed, scenario, outcome) }
    }

    private func search(_ count: UInt64, _ workload: Workload) throws {
        var events = 0
        var seed = first
        while count == 0 || seed < first + count {
            let scenario = chosen(seed)
            SimulatedVFS.seedSQLite(seed)
            let outcome = Simulation(scenario, seed: seed, workload: workload).run()
            events += outcome.events
            if !outcome.violations.isEmpty { try fail(seed, scenario, outcome) }
            seed += 1
            if (seed - first) % 100 == 0 {
                print("\(seed - first) seeds, \(events) events")
                fflush(nil)
            }
        }
        print("\(count) seeds from \(first), \(events) events: no promise was broken")
    }

    private func chosen(_ seed: UInt64) -> Scenario {
        scenario.flatMap { Scenario.find($0) } ?? Scenario.of(seed: seed)
    }

    private func fail(_ seed: UInt64, _ scenario: Scenario, _ outcome: Simulation.Outcome) throws {
        for violation in outcome.violations.prefix(10) { print("seed \(seed): \(violation)") }
        print("scenario: \(scenario.name)")
        print("commit: \(Revision.current ?? "unknown")")
        print("replay: swift run lehr-sim --seed \(seed) --scenario '\(scenario.name)' --log")
        throw ExitCode(1)
    }
}
