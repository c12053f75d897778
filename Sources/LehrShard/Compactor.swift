import LehrRPC
import LehrTable

/// Has a core give back the memory of rows that went, in slices between its requests.
///
/// Nothing runs while there is nothing to do.
final class Compactor {
    private let shard: ShardCore
    private let core: any Core
    private var isWaiting = false

    /// Until the first slice: pushes that retire rows make gaps all the time, mostly to fill them.
    static let pause = Duration.milliseconds(100)
    /// Between slices, so that they take a tenth of the core's time.
    static let interval = Duration.milliseconds(1)
    /// Until it is looked again whether a scan has ended.
    static let patience = Duration.seconds(1)

    init(_ shard: ShardCore, core: any Core) {
        self.shard = shard
        self.core = core
        shard.pool.onSurplus = { [weak self] in self?.wake() }
    }

    /// To be called when there may be something to do.
    func wake() {
        if shard.hasMemoryToGive, !isWaiting { wait(Self.pause) }
    }

    private func wait(_ delay: Duration) {
        isWaiting = true
        _ = core.schedule(after: delay) { [weak self] in self?.run() }
    }

    private func run() {
        isWaiting = false
        switch shard.compactSlice() {
        case .done: break
        case .working: wait(Self.interval)
        case .held: wait(Self.patience)
        }
    }
}
