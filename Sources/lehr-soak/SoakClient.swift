import LehrCore
import LehrRPC
import LehrWire

/// Keeps calls in flight until so many were made.
final class SoakClient {
    /// Calls made, and their ends.
    let ledger = Ledger()
    /// Ends by status, as the caller sees them.
    private(set) var ends = [Int](repeating: 0, count: StatusCode.allCases.count)
    /// Calls that nothing but a broken connection could keep from an answer, and had it.
    private(set) var plainOK = 0
    private(set) var compressed = 0
    private let core: any Core
    private let channels: [any Channel]
    private var random: RandomSource
    private var left: Int
    private let onEnd: () -> Void
    private var onDone: (() -> Void)?

    /// After a call that found no server, the next one waits this long.
    private static let pause = Duration.milliseconds(2)

    /// `onEnd` is called at each call's end, `onDone` when the last one has ended.
    init(
        _ count: Int, on channels: [any Channel], _ core: any Core, random: RandomSource,
        onEnd: @escaping () -> Void, onDone: @escaping () -> Void
    ) {
        left = count
        self.channels = channels
        self.core = core
        self.random = random
        self.onEnd = onEnd
        self.onDone = onDone
    }

    func begin(inFlight: Int) { for _ in 0..<inFlight { makeNext() } }

    private func makeNext() {
        guard left > 0 else {
            guard ledger.openCount == 0, let tell = onDone else { return }
            onDone = nil
            return tell()
        }
        left -= 1
        let plan = CallPlan(&random)
        if plan.compresses { compressed += 1 }
        let call = SoakCall(plan, ledger, core)
        call.make(on: channels[random.below(channels.count)]) { [unowned self] code in
            ends[code.rawValue] += 1
            if plan.isPlain, code == .ok { plainOK += 1 }
            onEnd()
            if code == .unavailable {
                _ = core.schedule(after: Self.pause) { self.makeNext() }
            } else {
                makeNext()
            }
        }
    }
}
