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

    /// Some time of training.
    struct Window {
        fileprivate(set) var keys = 0
        fileprivate(set) var steps = 0
        fileprivate(set) var seconds = 0.0

        var keysPerSecond: Double { Double(keys) / seconds }

        /// Seconds a step, by one lane.
        var mean: Double { steps > 0 ? seconds / Double(steps) : 0 }

        fileprivate mutating func count(_ keys: Int) {
            self.keys += keys
            steps += 1
        }
    }

    struct Round {
        fileprivate(set) var moving = Window()
        /// A partition is elsewhere before and after a move, which makes a difference of its own.
        fileprivate(set) var before: Window
        fileprivate(set) var after = Window()
        /// Seconds of the longest step that was under way at some time of the hand-over, as the map tells it:
        /// one that has met the sealed partition before still waits then.
        fileprivate(set) var worst = 0.0
        /// Seconds of CPU time of both shards, while a partition moved.
        fileprivate(set) var shardSeconds = 0.0

        /// Without a move: the mean of before and after.
        var idleKeysPerSecond: Double { (before.keysPerSecond + after.keysPerSecond) / 2 }
    }

    typealias End = (Result<[Round], BenchError>) -> Void

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
    private var rounds: [Round] = []
    /// While nothing moves.
    private var idle = Window()
    private var began = Instant(nanoseconds: 0)
    /// Of the last move.
    private var handOver: (from: Instant, to: Instant?)?
    private var isMoveSeen = false

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
            handOver = handOver ?? (reactor.now, nil)
            guard placed.move == nil else { return }
            handOver?.to = reactor.now
            rounds[rounds.count - 1].moving.seconds = (reactor.now - began).inSeconds
            countShardSeconds(1)
            rest()
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
            steps.onStep = { [self] keys, took in note(keys, took) }
            steps.start()
            rest()
        }
    }

    private func move() {
        guard rounds.count < settings.moves else { return finish(.success(rounds)) }
        guard let map, let table = map.table(PathCluster.table) else {
            return finish(.failure(BenchError("the table has gone")))
        }
        let partition = rounds.count / 2 % table.partitions.count
        let shards = map.members.filter { $0.role == .shard }
        guard
            let other = shards.first(where: { $0.incarnation != table.partitions[partition].owner })
        else { return finish(.failure(BenchError("a shard has gone"))) }
        rounds.append(Round(before: idle))
        countShardSeconds(-1)
        began = reactor.now
        (handOver, isMoveSeen) = (nil, false)
        phase = .moving(partition: partition, to: other.incarnation)
        coordinator.unary(CoordinatorMethods.movePartition) { request, arena in
            request.table = table.id.value
            request.partition = UInt32(partition)
            request.member = arena.string(other.name)
        } _: { [self] result in
            if case .failure(let error) = result { fail(error) }
        }
    }

    private func countShardSeconds(_ sign: Double) {
        do throws(BenchError) {
            rounds[rounds.count - 1].shardSeconds += sign * (try cluster.shardSeconds)
        } catch {
            finish(.failure(error))
        }
    }

    private func rest() {
        phase = .idle
        idle = Window()
        began = reactor.now
        _ = reactor.schedule(after: Self.idleTime) { [self] in
            idle.seconds = (reactor.now - began).inSeconds
            if let last = rounds.indices.last { rounds[last].after = idle }
            move()
        }
    }

    private func note(_ keys: Int, _ took: Duration) {
        switch phase {
        case .idle: idle.count(keys)
        case .moving: rounds[rounds.count - 1].moving.count(keys)
        default: break
        }
        // It began before the end.
        guard let handOver, reactor.now - (handOver.to ?? reactor.now) <= took else { return }
        rounds[rounds.count - 1].worst = max(rounds[rounds.count - 1].worst, took.inSeconds)
    }
}
