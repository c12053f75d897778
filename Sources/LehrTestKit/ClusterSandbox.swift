import LehrCluster
import LehrCoordinator
package import LehrCore
import LehrMembership
package import LehrRPC

/// A whole cluster in one process: the real coordinator, shards, workers and serving over a simulated
/// network, clock and disk, which outlives the coordinator.
///
/// Nothing moves by itself: `run` lets time pass. Two sandboxes with equal options and equal calls
/// live through the same events.
package final class ClusterSandbox {
    package let time = VirtualTime()
    package let network: InMemoryNetwork
    package let options: SandboxOptions
    package let disk: SimulatedDisk
    package internal(set) var coordinator: SandboxCoordinator?
    var coordinatorStarts = 0
    /// Dead ones stay in the lists.
    package internal(set) var shards: [SandboxShard] = []
    package internal(set) var workers: [SandboxWorker] = []
    package internal(set) var serving: [SandboxServing] = []
    /// Told what the processes do; to be set before they are started.
    package var onSighting: ((Sighting) -> Void)?
    /// Told of each message just before it arrives.
    package var onArrival: ((InMemoryNetwork.Arrival) -> Void)?
    let files: any FileSystem
    let client: InMemoryTransport
    let clientCore: VirtualCore
    let links: SandboxLinks
    var random: RandomSource
    var triggers: [ArrivalTrigger] = []

    package static let coordinatorAddress = "coordinator:7100"
    package static let statePath = "/state/coordinator.db"
    /// How long a coordinator lives on that cannot write its state.
    static let agony = Duration.seconds(1)

    package init(_ options: SandboxOptions = SandboxOptions(), files: any FileSystem) {
        self.options = options
        self.files = files
        random = RandomSource(seed: options.seed)
        disk = SimulatedDisk(seed: ~options.seed)
        let links = SandboxLinks(
            time: time, latencyMax: options.latencyMax, random: RandomSource(seed: random.next()))
        self.links = links
        network = InMemoryNetwork(on: time) { source, target, _ in links.delay(source, target) }
        network.twin = { source, target, _ in links.twin(source, target) }
        clientCore = VirtualCore(on: time)
        client = InMemoryTransport(name: "client", core: clientCore, network: network)
        network.onArrival = { [weak self] arrival in
            guard let self else { return }
            onArrival?(arrival)
            for trigger in triggers { trigger.note(arrival) }
        }
    }

    /// A cluster of that size, up and joined.
    package convenience init(
        shards: Int, workers: Int, _ options: SandboxOptions = SandboxOptions(),
        files: any FileSystem
    ) throws {
        self.init(options, files: files)
        try start(shards: shards, workers: workers)
    }

    /// Calls in flight hold their transports, and planned events what they belong to.
    deinit { time.forgetAll() }

    func tell(_ sighting: Sighting) { onSighting?(sighting) }

    // MARK: - Time

    package func run(for duration: Duration) { time.run(for: duration) }

    /// Runs until `condition` holds; false if it does not within `duration`.
    package func run(for duration: Duration, until condition: () -> Bool) -> Bool {
        time.run(for: duration, until: condition)
    }
}
