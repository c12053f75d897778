/// What a benchmark has found.
package struct BenchReport: Encodable, Sendable {
    package struct Skipped: Encodable, Sendable {
        package let measure: String
        package let reason: String
    }

    package let benchmark: String
    package let machine: Machine
    package let rounds: Int
    /// Whether rounds were cut short, so that the figures prove little.
    package let quick: Bool
    package internal(set) var figures: [Figure] = []
    package internal(set) var skipped: [Skipped] = []

    init(_ benchmark: String, _ machine: Machine, rounds: Int, quick: Bool) {
        self.benchmark = benchmark
        self.machine = machine
        self.rounds = rounds
        self.quick = quick
    }

    /// The figures that miss their targets.
    package var failed: [Figure] { figures.filter { $0.passed == false } }
}
