/// Counts what begins and what ends, and notices what ends twice.
final class Ledger {
    private(set) var begun = 0
    private(set) var ended = 0
    /// The first things that went wrong.
    private(set) var problems: [String] = []

    private static let problemsMax = 20

    var openCount: Int { begun - ended }

    /// Something begins; call what is returned at its end.
    func begin(_ what: @escaping @autoclosure () -> String) -> () -> Void {
        begun += 1
        var isOpen = true
        return { [self] in
            if isOpen { ended += 1 } else { note("\(what()) has ended twice") }
            isOpen = false
        }
    }

    func note(_ problem: String) {
        if problems.count < Self.problemsMax { problems.append(problem) }
    }
}
