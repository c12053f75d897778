import LehrWire

/// What a soak has found.
struct SoakReport {
    /// One line for each round.
    struct Round {
        let number: Int
        let seconds: Double
        let ends: [Int]
        let plainOK: Int
        let compressed: Int
        let cancelledHandlers: Int
        let connections: Int
        let acts: Int
        let figures: ProcessFigures

        var calls: Int { ends.reduce(0, +) }

        var text: String {
            let statuses = StatusCode.allCases.compactMap { code in
                ends[code.rawValue] > 0 ? "\(code.name) \(ends[code.rawValue])" : nil
            }
            return "round \(number): \(calls) calls in \(Int(seconds * 10) / 10) s, "
                + "\(Int(Double(calls) / max(seconds, 0.001))) a second; \(connections) connections, "
                + "\(acts) of them broken; \(cancelledHandlers) handlers heard that their caller "
                + "was gone; \(compressed) calls compressed; "
                + "\(figures.descriptors) descriptors, \(figures.mallocBytes >> 10) KiB from malloc, "
                + "\(figures.residentBytes >> 10) KiB resident\n    "
                + statuses.joined(separator: ", ")
        }
    }

    var rounds: [Round] = []
    var problems: [String] = []

    var text: String {
        let calls = rounds.reduce(0) { $0 + $1.calls }
        let seconds = rounds.reduce(0) { $0 + $1.seconds }
        let verdict =
            problems.isEmpty
            ? "nothing is left" : problems.map { "PROBLEM: \($0)" }.joined(separator: "\n")
        return rounds.map(\.text).joined(separator: "\n")
            + "\n\(calls) calls in \(Int(seconds)) s\n\(verdict)"
    }
}
