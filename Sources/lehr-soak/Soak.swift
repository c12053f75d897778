import Glibc
import LehrCore
import LehrReactor

/// One round after another, and between them a look at what is left.
final class Soak {
    private let options: SoakOptions
    private let reactor: Reactor
    private(set) var report = SoakReport()
    private var round: SoakRound?
    private var onDone: (() -> Void)?
    private var baseline: ProcessFigures?
    private let atFirst: ProcessFigures

    /// What `malloc` may hold after a round beyond what it held after the first, for its caches.
    private static let mallocTolerance = 1 << 20
    /// What may stay resident in the same way: `malloc` cannot give back every page.
    private static let residentTolerance = 16 << 20

    init(_ options: SoakOptions, on reactor: Reactor) {
        self.options = options
        self.reactor = reactor
        atFirst = .now()
    }

    func begin(_ onDone: @escaping () -> Void) {
        self.onDone = onDone
        reactor.post { self.beginRound(0) }
    }

    /// Ends the soak as failed.
    func give(up reason: String) {
        report.problems.append(reason)
        report.problems += round?.state ?? []
        finish()
    }

    private func finish() {
        let onDone = self.onDone
        self.onDone = nil
        onDone?()
    }

    private func beginRound(_ number: Int) {
        let round = SoakRound(number, options, reactor)
        self.round = round
        do {
            try round.begin { [unowned self] in endRound(number) }
        } catch {
            give(up: "\(error)")
        }
    }

    private func endRound(_ number: Int) {
        guard let ended = round else { return }
        round = nil
        let outcome = ended.outcome
        report.problems += ended.problems.map { "round \(number): \($0)" }
        // What the round holds is let go with the present turn.
        reactor.post { [self] in
            judge(number, outcome)
            guard onDone != nil else { return }
            if number + 1 < options.rounds, report.problems.isEmpty {
                beginRound(number + 1)
            } else {
                finish()
            }
        }
    }

    private func judge(_ number: Int, _ outcome: SoakRound.Outcome) {
        let figures = ProcessFigures.now()
        report.rounds.append(.init(number: number, outcome: outcome, figures: figures))
        note(report.rounds.last?.text ?? "")
        if figures.descriptors != atFirst.descriptors {
            problem(
                number, "\(figures.descriptors) descriptors are open, not \(atFirst.descriptors)")
        }
        if reactor.timerCount > 1 {
            problem(number, "\(reactor.timerCount) timers are set, not the alarm alone")
        }
        if outcome.remains() { problem(number, "a transport is still held") }
        guard let baseline else {
            baseline = figures
            return
        }
        let grown = figures.mallocBytes - baseline.mallocBytes
        if grown > Self.mallocTolerance {
            problem(number, "malloc holds \(grown) bytes more than after the first round")
        }
        let resident = figures.residentBytes - baseline.residentBytes
        if resident > Self.residentTolerance {
            problem(number, "\(resident) bytes more are resident than after the first round")
        }
    }

    private func problem(_ number: Int, _ text: String) {
        report.problems.append("after round \(number), \(text)")
    }

    private func note(_ line: String) {
        _ = (line + "\n").withCString { write(STDERR_FILENO, $0, strlen($0)) }
    }
}
