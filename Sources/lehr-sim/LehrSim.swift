import ArgumentParser
import Glibc
import LehrTestKit

/// Runs the cluster's real roles under a virtual clock and a seeded network.
@main
struct LehrSim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lehr-sim",
        abstract: "Run the real coordinator on a simulated clock and network, from a seed.",
        discussion: """
            Prints the number of events and the hash of the event log. The same seed gives the \
            same log, in any process. Exits with 1 when a promise was broken.
            """)

    @Option(help: "The seed that everything random comes from.")
    var seed: UInt64 = 1

    @Flag(help: "Print every event.")
    var log = false

    func run() throws {
        // Dictionaries are never iterated in a decision, but a slip must not pass for chance.
        if getenv("SWIFT_DETERMINISTIC_HASHING") == nil {
            setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
            var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
            execv("/proc/self/exe", &arguments)
            throw ValidationError("cannot run itself again: \(String(cString: strerror(errno)))")
        }
        let log = self.log
        let events = EventLog { if log { print($0) } }
        let simulation = CoordinatorSimulation(seed: seed, log: events)
        let outcome = simulation.run()
        let hash = String(events.hash, radix: 16)
        print("seed \(seed): \(outcome.events) events, \(events.lineCount) lines, log \(hash)")
        guard !outcome.violations.isEmpty else { return }
        for violation in outcome.violations { print("seed \(seed): \(violation)") }
        print("replay: swift run lehr-sim --seed \(seed) --log")
        throw ExitCode(1)
    }
}
