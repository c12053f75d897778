package import LehrCore
package import Logging
package import Metrics
import ServiceLifecycle

/// Looks at the model directory at intervals, loads what the `ModelStore` wants and publishes it.
///
/// Loading blocks the thread that `run` is on, never one that answers requests.
package struct ModelWatcher: Service {
    private let directory: ModelDirectory
    private let catalog: ModelCatalog
    private let metrics: ServingMetrics
    private let clock: any MonotonicClock
    private let wallClock: @Sendable () -> UInt64
    private let interval: Duration
    private let logger: Logger

    package init(
        directory: ModelDirectory, catalog: ModelCatalog, metrics: any MetricsFactory,
        clock: any MonotonicClock = SystemClock(),
        wallClock: @escaping @Sendable () -> UInt64 = wallClockMilliseconds,
        interval: Duration = .seconds(1), logger: Logger
    ) {
        self.directory = directory
        self.catalog = catalog
        self.metrics = ServingMetrics(factory: metrics)
        self.clock = clock
        self.wallClock = wallClock
        self.interval = interval
        self.logger = logger
    }

    /// Polls until graceful shutdown or cancellation.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var state = State()
            while !Task.isCancelled {
                poll(&state)
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// What a watcher remembers from poll to poll.
    package struct State {
        var store = ModelStore()
        /// The last scan's failure, so that it is told once.
        var scanFailure: FileSystemError?

        package init() {}
    }

    /// Looks once, and loads until nothing more is wanted: when a version fails, the next lower one
    /// may be wanted in its place.
    package func poll(_ state: inout State) {
        let listing: [String: [UInt64]]
        do throws(FileSystemError) {
            listing = try directory.scan()
            state.scanFailure = nil
        } catch {
            if state.scanFailure != error {
                logger.warning("model directory unreadable", metadata: ["error": "\(error)"])
            }
            state.scanFailure = error
            return
        }
        while true {
            let wanted = state.store.poll(listing, now: clock.now)
            catalog.publish(state.store.snapshot)
            guard !wanted.isEmpty else { return }
            for id in wanted { load(id, into: &state.store) }
            catalog.publish(state.store.snapshot)
        }
    }

    private func load(_ id: ModelVersion, into store: inout ModelStore) {
        let metadata: Logger.Metadata = [
            "model.name": "\(id.name)", "model.version": "\(id.version)",
        ]
        let start = clock.now
        do throws(ModelLoadError) {
            let model = try directory.load(id)
            let duration = clock.now - start
            store.succeed(
                id, model, load: ModelLoad(finishedMilliseconds: wallClock(), duration: duration))
            metrics.loaded(id, model, duration: duration)
            logger.info(
                "model loaded",
                metadata: metadata.merging(["duration.ms": "\(duration.milliseconds)"]) { $1 })
        } catch {
            store.fail(id, message: error.description, now: clock.now)
            metrics.failed(id)
            logger.error(
                "model not loaded", metadata: metadata.merging(["error": "\(error)"]) { $1 })
        }
    }
}
