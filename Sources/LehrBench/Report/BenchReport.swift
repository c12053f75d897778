import LehrReactor

/// What a benchmark has found.
package struct BenchReport: Encodable, Sendable {
    /// A measure without figures, and why.
    package struct Omission: Encodable, Sendable {
        package let measure: String
        package let reason: String
    }

    package let benchmark: String
    package let machine: Machine
    package let rounds: Int
    /// Whether rounds were cut short, so that the figures prove little.
    package let quick: Bool
    /// How Lehr's reactor waits, where one was measured.
    package let poll: String?
    package internal(set) var figures: [Figure] = []
    /// What a measure needs is not installed.
    package internal(set) var skipped: [Omission] = []
    /// A measure went wrong.
    package internal(set) var broken: [Omission] = []

    init(_ benchmark: String, _ machine: Machine, rounds: Int, quick: Bool, poll: PollMode? = nil) {
        self.benchmark = benchmark
        self.machine = machine
        self.rounds = rounds
        self.quick = quick
        self.poll = poll?.rawValue
    }

    /// The figures that miss their targets.
    package var failed: [Figure] { figures.filter { $0.passed == false } }
}
