import CLinux
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC

/// The coordinator's own work, on a virtual clock and without sockets, for clusters that are larger
/// than one process has descriptors.
enum SimulatedMembers {
    static func measure(_ stage: MembershipStage) throws -> [Figure] {
        try stage.simulatedMembers.flatMap { members in
            var outcomes: [Outcome] = []
            for round in 0..<stage.rounds {
                outcomes.append(try SimulatedCluster(members, seed: UInt64(round + 1)).run())
            }
            return figures(members, outcomes)
        }
    }

    struct Outcome {
        /// Nanoseconds of CPU for each.
        var join = 0.0
        var renewal = 0.0
        var end = 0.0
        /// Of looking whether a lease has ended, while none has: a share of one core.
        var watchShare = 0.0
        var memberBytes = 0.0
    }

    static func figures(_ members: Int, _ outcomes: [Outcome]) -> [Figure] {
        let renewals = Double(members) / LeaseTerms().heartbeat.inSeconds
        let shares = outcomes.map { 100 * ($0.renewal * renewals / 1e9 + $0.watchShare) }
        let size = TableStage.text(members)
        return [
            Figure(
                "simulated-\(size)", "leases of \(size) members, share of a core", unit: "%",
                lehr: shares, target: .atMost(10),
                note: "renewals and the timer that ends leases, without their messages"),
            Figure(
                "simulated-\(size)-renewal", "CPU a renewal, \(size) members", unit: "ns",
                lehr: outcomes.map(\.renewal)),
            Figure(
                "simulated-\(size)-join", "CPU a join, \(size) members", unit: "us",
                lehr: outcomes.map { $0.join / 1e3 }),
            Figure(
                "simulated-\(size)-end", "CPU a lease that ends, \(size) members", unit: "us",
                lehr: outcomes.map { $0.end / 1e3 }),
            Figure(
                "simulated-\(size)-memory", "memory a member, \(size) members", unit: "KiB",
                lehr: outcomes.map { $0.memberBytes / 1024 }, target: .atMost(4)),
        ]
    }
}

/// Members that join and renew evenly over a heartbeat, until half of them fall silent.
final class SimulatedCluster {
    private let time = VirtualTime()
    private let core: VirtualCore
    private let shell: CoordinatorShell
    private let terms = LeaseTerms()
    private let count: Int
    private var members: [MemberIncarnation] = []

    /// Parts of a heartbeat: members of one part renew at the same time.
    private static let parts = 100
    private static let heartbeats = 5

    init(_ count: Int, seed: UInt64) throws {
        self.count = count
        core = VirtualCore(on: time)
        var random = RandomSource(seed: seed)
        shell = try BenchCoordinator.shell(core: core, store: NoStore(), &random)
    }

    deinit { time.forgetAll() }

    func run() throws -> SimulatedMembers.Outcome {
        var outcome = SimulatedMembers.Outcome()
        let before = lehr_malloc_in_use()
        outcome.join = try nanoseconds(each: count) {
            try eachPart(of: 0..<count) { (numbers: Range<Int>) in try join(numbers) }
        }
        outcome.memberBytes = (Double(lehr_malloc_in_use()) - Double(before)) / Double(count)
        var (renewing, watching) = (0.0, 0.0)
        for _ in 0..<Self.heartbeats {
            try eachPart(of: 0..<count, sleeping: { watching += $0 }) { number in
                renewing += try nanoseconds(each: 1) { try renew(number) }
            }
        }
        outcome.renewal = renewing / Double(Self.heartbeats * count)
        outcome.watchShare =
            watching / 1e9 / (Double(Self.heartbeats) * terms.heartbeat.inSeconds)
        outcome.end = try endHalf()
        return outcome
    }

    /// Members that still have a lease.
    var leaseCount: Int { shell.instance.leases.members.count }

    private func join(_ numbers: Range<Int>) throws {
        for number in numbers {
            let request = CoordinatorInstance.JoinRequest(
                name: "worker-\(number)", role: .worker, coreAddresses: [],
                httpAddress: "10.0.0.1:8080", cluster: nil)
            let member = try shell.decide { instance throws(CoordinatorRefusal) in
                let (member, directives) = try instance.join(
                    request, now: core.now, unixMilliseconds: shell.unixMilliseconds)
                return (member, directives)
            }
            members.append(member.incarnation)
        }
    }

    private func renew(_ numbers: Range<Int>) throws {
        for number in numbers { _ = try shell.keepAlive([members[number]]) }
    }

    /// Nanoseconds for each of the leases that end because nobody renews them.
    private func endHalf() throws -> Double {
        var ending = 0.0
        let ended = count / 2
        while leaseCount > count - ended {
            try eachPart(of: ended..<count, sleeping: { ending += $0 }) { try renew($0) }
        }
        return ending / Double(max(ended, 1))
    }

    /// Gives one part of `numbers` after the other to `body`, evenly over a heartbeat; `sleeping` is
    /// told the CPU nanoseconds of what the core does in between.
    private func eachPart(
        of numbers: Range<Int>, sleeping: (Double) -> Void = { _ in },
        _ body: (Range<Int>) throws -> Void
    ) throws {
        for part in 0..<Self.parts {
            let low = numbers.lowerBound + numbers.count * part / Self.parts
            let high = numbers.lowerBound + numbers.count * (part + 1) / Self.parts
            try body(low..<high)
            sleeping(nanoseconds(each: 1) { time.run(for: terms.heartbeat / Self.parts) })
        }
    }
}

/// A store that keeps nothing: what it would is not in the coordinator's memory.
private final class NoStore: StateStore {
    func load() throws(StateStoreError) -> DurableState { DurableState() }

    func save(_ records: [StateRecord]) throws(StateStoreError) {}
}
