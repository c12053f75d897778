import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC

/// Steps of training as their shards see them, without the model: the rows of a batch are pulled, then
/// gradients for the same keys pushed. In each of some lanes one follows another, without end.
final class TrainingSteps {
    /// A step of so many keys has ended, and how long it took.
    var onStep: ((Int, Duration) -> Void)?
    /// A call has failed for good; nothing goes on.
    var onError: ((RPCError) -> Void)?

    private let table: TableID
    private let client: TableClient
    private let core: any Core
    private let batches: [[UInt64]]
    private let rows: [UnsafeMutableBufferPointer<Float>]
    private let gradients: UnsafeMutableBufferPointer<Float>
    private var nextStep = 0
    private var pushes = PushSequence()
    private var isStopped = false

    /// Keys pushed at once when rows are made.
    static let fillCount = 8192

    init(
        table: TableID, client: TableClient, on core: any Core, keys batches: [[UInt64]], lanes: Int
    ) {
        self.core = core
        self.table = table
        self.client = client
        self.batches = batches
        let count = max(batches[0].count, Self.fillCount) * TableStage.dimension
        rows = (0..<lanes).map { _ in .allocate(capacity: count) }
        for room in rows { room.initialize(repeating: 0) }
        gradients = .allocate(capacity: count)
        gradients.initialize(repeating: 0.01)
    }

    deinit {
        for room in rows { room.deallocate() }
        gradients.deallocate()
    }

    /// Pushes each of `batches` once, of at most `fillCount` keys, one after another.
    func fill(_ batches: [[UInt64]], _ completion: @escaping () -> Void) {
        guard let keys = batches.first else { return completion() }
        push(keys) { [self] in fill(Array(batches.dropFirst()), completion) }
    }

    func start() {
        for lane in rows.indices { step(in: lane) }
    }

    func stop() { isStopped = true }

    private func step(in lane: Int) {
        guard !isStopped else { return }
        let keys = batches[nextStep % batches.count]
        nextStep += 1
        let began = core.now
        let room = UnsafeMutableBufferPointer(
            rebasing: rows[lane][..<(keys.count * TableStage.dimension)])
        _ = client.pull([.init(table: table, keys: keys, rows: room)]) { [self] error in
            if let error { return fail(error) }
            push(keys) { [self] in
                onStep?(keys.count, core.now - began)
                step(in: lane)
            }
        }
    }

    private func push(_ keys: [UInt64], _ completion: @escaping () -> Void) {
        let identity = pushes.begin()
        let gradients = UnsafeBufferPointer(
            rebasing: gradients[..<(keys.count * TableStage.dimension)])
        _ = client.push(
            [.init(table: table, keys: keys, gradients: gradients)], identity, staged: false
        ) { [self] error in
            pushes.settle(identity)
            if let error { return fail(error) }
            completion()
        }
    }

    private func fail(_ error: RPCError) {
        guard !isStopped else { return }
        isStopped = true
        onError?(error)
    }
}
