import CLehrWire
import LehrCluster
import LehrCore
import LehrHTTP2
import LehrMembership
import LehrRPC
import LehrReactor
import LehrWire
import Logging

/// A worker that pulls and pushes, some batches in flight, while partitions of its table move to and
/// fro: before and after each move is a time without one, to compare with.
final class MovesLoad {
    struct Settings {
        let rowCount: Int
        /// Keys of a batch.
        let batchCount: Int
        let inFlight: Int
        let moves: Int
    }

    struct Round {
        /// While the partition moves.
        let moving: StepLog.Work
        /// A partition is elsewhere before and after a move, which makes a difference of its own.
        let before: StepLog.Work
        let after: StepLog.Work
        /// Seconds of the longest step that was under way at some time of the hand-over, as the map tells it:
        /// one that has met the sealed partition before still waits then.
        let worst: Double
        /// Seconds of CPU time of both shards, while a partition moved.
        let shardSeconds: Double

        /// Without a move: the mean of before and after.
        var idleKeysPerSecond: Double { (before.keysPerSecond + after.keysPerSecond) / 2 }
    }

    typealias End = (Result<[Round], BenchError>) -> Void

    /// When a move was under way, and its hand-over; and what it has cost.
    private struct Move {
        let time: ClosedRange<Instant>
        let handOver: ClosedRange<Instant>
        let shardSeconds: Double
    }

    private enum Phase {
        case joining, placing, filling, idle
        case moving(partition: Int, to: MemberIncarnation)
    }

    private let settings: Settings
    private let reactor: Reactor
    private let transport: HTTP2Transport
    private let cluster: MovesStage.Cluster
    private let coordinator: any Channel
    private let agent: MembershipAgent
    private let end: End
    private lazy var client = TableClient(
        transport: transport, random: RandomSource(seed: 2)
    ) { [unowned self] in map }
    private lazy var steps = TrainingSteps(
        table: PathCluster.table, client: client, on: reactor, keys: batches,
        lanes: settings.inFlight)
    private let batches: [[UInt64]]
    private var stream: KeyStream
    private var map: ClusterMap?
    private var phase = Phase.joining
    private var log = StepLog()
    private var moves: [Move] = []
    /// Times without a move: one before each, and one after the last.
    private var idle: [ClosedRange<Instant>] = []
    /// Of the present phase.
    private var began = Instant(nanoseconds: 0)
    private var handOverBegan: Instant?
    private var isMoveSeen = false
    private var shardSecondsBefore = 0.0

    private static let idleTime = Duration.seconds(1)

    init(
        _ settings: Settings, _ cluster: MovesStage.Cluster, on reactor: Reactor,
        _ end: @escaping End
    ) {
        self.cluster = cluster
        self.settings = settings
        self.reactor = reactor
        self.end = end
        transport = HTTP2Transport(reactor: reactor, random: RandomSource(seed: 1))
        self.coordinator = transport.channel(to: cluster.coordinator)
        agent = MembershipAgent(
            transport: transport, coordinator: cluster.coordinator,
            identity: .init(
                name: "worker", role: .worker, coreAddresses: [], httpAddress: ""),
            random: RandomSource(seed: 3),
            logger: Logger(label: "lehr.bench", factory: { _ in SwiftLogNoOpLogHandler() }))
        stream = KeyStream(
            rowCount: settings.rowCount, law: .uniform, seed: TableStage.seed)
        let keys = stream.next(256, batchesOf: settings.batchCount).keys
        batches = stride(from: 0, to: keys.count, by: settings.batchCount).map { [keys] in
            Array(keys[$0..<$0 + settings.batchCount])
        }
    }

    /// Keeps this alive until it has ended.
    func start() {
        agent.onMap = { [self] map in
            self.map = map
            advance(map)
        }
        agent.start()
    }

    private func advance(_ map: ClusterMap) {
        switch phase {
        case .joining where map.members.count { $0.role == .shard } == 2:
            phase = .placing
            coordinator.unary(CoordinatorMethods.submitJob) { request, arena in
                request.spec = arena.string("moves")
            } _: { [self] result in
                if case .failure(let error) = result { fail(error) }
            }
        case .placing where map.table(PathCluster.table) != nil:
            phase = .filling
            fill()
        case .moving(let partition, let destination):
            guard let placed = map.table(PathCluster.table)?.partitions[partition] else {
                return finish(.failure(BenchError("the table has gone")))
            }
            if placed.move != nil { isMoveSeen = true }
            guard placed.owner == destination else {
                guard isMoveSeen, placed.move == nil else { return }
                return finish(.failure(BenchError("a move was given up")))
            }
            let handOver = (handOverBegan ?? reactor.now)...reactor.now
            handOverBegan = handOver.lowerBound
            guard placed.move == nil else { return }
            hasMoved(handOver)
        default: break
        }
    }

    private func fail(_ error: RPCError) { finish(.failure(BenchError("\(error)"))) }

    private func finish(_ result: Result<[Round], BenchError>) {
        agent.onMap = nil
        steps.stop()
        end(result)
    }

    // MARK: - Phases

    private func fill() {
        let rows = stride(from: 0, to: settings.rowCount, by: TrainingSteps.fillCount).map {
            ($0..<min($0 + TrainingSteps.fillCount, settings.rowCount)).map {
                stream.key(ofRow: $0)
            }
        }
        steps.onError = { [self] in fail($0) }
        steps.fill(rows) { [self] in
            steps.onStep = { [self] keys, took in
                log.add(keys: keys, endedAt: reactor.now, after: took)
            }
            steps.start()
            rest()
        }
    }

    private func move() {
        guard moves.count < settings.moves else { return finish(.success(rounds)) }
        guard let map, let table = map.table(PathCluster.table) else {
            return finish(.failure(BenchError("the table has gone")))
        }
        let partition = moves.count / 2 % table.partitions.count
        let shards = map.members.filter { $0.role == .shard }
        guard
            let other = shards.first(where: { $0.incarnation != table.partitions[partition].owner })
        else { return finish(.failure(BenchError("a shard has gone"))) }
        do throws(BenchError) {
            shardSecondsBefore = try cluster.shardSeconds
        } catch { return finish(.failure(error)) }
        began = reactor.now
        (handOverBegan, isMoveSeen) = (nil, false)
        phase = .moving(partition: partition, to: other.incarnation)
        coordinator.unary(CoordinatorMethods.movePartition) { request, arena in
            request.table = table.id.value
            request.partition = UInt32(partition)
            request.member = arena.string(other.name)
        } _: { [self] result in
            if case .failure(let error) = result { fail(error) }
        }
    }

    private func hasMoved(_ handOver: ClosedRange<Instant>) {
        do throws(BenchError) {
            moves.append(
                Move(
                    time: began...handOver.upperBound, handOver: handOver,
                    shardSeconds: try cluster.shardSeconds - shardSecondsBefore))
        } catch { return finish(.failure(error)) }
        rest()
    }

    private func rest() {
        phase = .idle
        began = reactor.now
        _ = reactor.schedule(after: Self.idleTime) { [self] in
            idle.append(began...reactor.now)
            move()
        }
    }

    private var rounds: [Round] {
        moves.indices.map { index in
            Round(
                moving: log.work(in: moves[index].time), before: log.work(in: idle[index]),
                after: log.work(in: idle[index + 1]),
                worst: log.longest(touching: moves[index].handOver).inSeconds,
                shardSeconds: moves[index].shardSeconds)
        }
    }
}
