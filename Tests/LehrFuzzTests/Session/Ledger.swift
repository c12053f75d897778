/// Counts what begins and what ends, and notices what ends twice.
final class Ledger {
    private(set) var begun = 0
    private(set) var ended = 0
    private(set) var problem: String?

    var openCount: Int { begun - ended }

    /// Something begins; call what is returned at its end.
    func begin(_ what: String) -> () -> Void {
        begun += 1
        var isOpen = true
        return { [self] in
            if isOpen { ended += 1 } else { note("\(what) has ended twice") }
            isOpen = false
        }
    }

    func note(_ problem: String) { self.problem = self.problem ?? problem }

    /// Fails if a problem was noted.
    func check() throws(FuzzFailure) {
        if let problem { throw FuzzFailure(problem) }
    }
}
