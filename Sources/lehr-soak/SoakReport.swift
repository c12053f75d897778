import LehrWire

/// What a soak has found.
struct SoakReport {
    /// One line for each round.
    struct Round {
        let number: Int
        let outcome: SoakRound.Outcome
        let figures: ProcessFigures

        var text: String {
            let statuses = StatusCode.allCases.compactMap { code in
                let count = outcome.ends[code.rawValue]
                return count > 0 ? "\(code.name) \(count)" : nil
            }
            let (calls, seconds) = (outcome.calls, outcome.seconds)
            return "round \(number): \(calls) calls in \(Int(seconds)) s, "
                + "\(Int(Double(calls) / max(seconds, 0.001))) a second; "
                + "\(outcome.connections) connections, \(outcome.acts) of them broken; "
                + "\(outcome.cancelledHandlers) handlers heard that their caller "
                + "was gone; \(outcome.compressed) calls compressed; "
                + "\(figures.descriptors) descriptors, \(figures.mallocBytes >> 10) KiB from malloc, "
                + "\(figures.residentBytes >> 10) KiB resident\n    "
                + statuses.joined(separator: ", ")
        }
    }

    var rounds: [Round] = []
    var problems: [String] = []

    var text: String {
        let calls = rounds.reduce(0) { $0 + $1.outcome.calls }
        let seconds = rounds.reduce(0) { $0 + $1.outcome.seconds }
        let verdict =
            problems.isEmpty
            ? "nothing is left" : problems.map { "PROBLEM: \($0)" }.joined(separator: "\n")
        return rounds.map(\.text).joined(separator: "\n")
            + "\n\(calls) calls in \(Int(seconds)) s\n\(verdict)"
    }
}
