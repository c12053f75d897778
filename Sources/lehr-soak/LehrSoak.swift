import ArgumentParser
import Glibc
import LehrCore
import LehrReactor

/// Makes millions of calls over loopback that are cancelled, reset and cut off at random, and looks
/// whether anything is left of them.
@main
struct LehrSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lehr-soak",
        abstract: "Make millions of calls, break many of them, and look for what is left behind.",
        discussion: """
            Calls of every kind between clients and a server in this process, over loopback, with \
            cancellations, deadlines, errors, sockets reset on both sides and servers replaced. \
            After each round both sides shut down, and everything must be as it was before: \
            descriptors, calls, timers, memory. The same seed makes the same plans; times differ.
            Exits with 1 when something is left, or went wrong on the way.
            """)

    @Option(help: "Calls to make in all.")
    var calls = 10_000_000

    @Option(help: "Rounds to make them in; the first warms up and is not judged.")
    var rounds = 10

    @Option(help: "Calls in flight at once.")
    var inFlight = 256

    @Option(help: "Clients, with a connection each.")
    var clients = 8

    @Option(help: "The seed of the plans.")
    var seed: UInt64 = 1

    @Option(help: "Minutes after which the soak has failed.")
    var minutesMax = 120

    func validate() throws {
        guard rounds > 1, clients > 0, inFlight >= clients, minutesMax > 0, calls >= 1000 * rounds
        else {
            throw ValidationError(
                "there must be at least 2 rounds of 1,000 calls, and a call in flight for a client")
        }
    }

    func run() throws {
        let reactor = try Reactor()
        let soak = Soak(
            SoakOptions(
                calls: calls, rounds: rounds, inFlight: inFlight, clients: clients, seed: seed),
            on: reactor)
        let alarm = reactor.schedule(after: .seconds(60 * minutesMax)) {
            soak.give(up: "it has not ended in \(minutesMax) minutes")
        }
        soak.begin {
            reactor.cancel(alarm)
            reactor.stop()
        }
        reactor.run()
        print(soak.report.text)
        guard soak.report.problems.isEmpty else { throw ExitCode(1) }
    }
}

/// What is soaked, and for how long.
struct SoakOptions {
    let calls: Int
    let rounds: Int
    let inFlight: Int
    let clients: Int
    let seed: UInt64
}
