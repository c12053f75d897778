import LehrCore
import LehrRPC
import LehrShard
import LehrWire
import Testing

/// A process that is stopped between the check of a request and its answer.
@Suite struct LateAnswerTests {
    /// A core whose clock has jumped each time that it is read again.
    private final class SleepyCore: Core {
        private let core: VirtualCore
        private var slept = Duration.zero
        /// Between two looks at the clock.
        var nap = Duration.zero

        init(_ core: VirtualCore) { self.core = core }

        var index: Int { core.index }
        var now: Instant {
            defer { slept += nap }
            return core.now + slept
        }
        var isCurrent: Bool { core.isCurrent }
        var mailbox: any Mailbox { core.mailbox }

        func post(_ work: @escaping () -> Void) { core.post(work) }

        func schedule(after delay: Duration, _ work: @escaping () -> Void) -> TimerID {
            core.schedule(after: delay, work)
        }

        func cancel(_ timer: TimerID) { core.cancel(timer) }

        func wake() {
            slept = .zero
            nap = .zero
        }
    }

    private let scene: ShardScene
    private let core: SleepyCore
    private let key = ShardScene.keys(1, of: 0)[0]

    init() throws {
        var made: SleepyCore?
        scene = try ShardScene(core: {
            let core = SleepyCore($0)
            made = core
            return core
        })
        core = try #require(made)
    }

    @Test func aPushIsNotAcknowledgedAfterTheLeaseAndItsRepeatIsDropped() {
        core.nap = .seconds(11)
        let answer = scene.push(PushFields())
        #expect(answer.failure?.code == .unavailable)
        #expect(answer.failure?.message.contains("meanwhile") == true)
        #expect(scene.row(key) == [-1, -1])
        core.wake()
        #expect(scene.push(PushFields()) == .success([0, 2]))
        #expect(scene.row(key) == [-1, -1])
    }

    @Test func norIsAStep() {
        core.nap = .seconds(11)
        #expect(scene.push(PushFields(isStaged: true)).failure?.code == .unavailable)
        core.wake()
        #expect(scene.push(PushFields(isStaged: true)) == .success([0, 0]))
        core.nap = .seconds(6)
        #expect(scene.step(ShardMethods.commitStep, batch: 0).failure?.code == .unavailable)
        core.wake()
        #expect(scene.step(ShardMethods.commitStep, batch: 0) == .success(2))
        #expect(scene.row(key) == [-1, -1])
    }
}
