import LehrCore
import LehrWeb
import Logging
import Synchronization
import Testing

@testable import LehrServing

/// The watcher over a real directory, on a clock that the test moves.
struct ModelWatcherTests {
    private final class ManualClock: MonotonicClock {
        private let seconds = Mutex<Int64>(0)
        var now: Instant { Instant(nanoseconds: 0) + .seconds(seconds.withLock { $0 }) }
        func advance(_ count: Int64) { seconds.withLock { $0 += count } }
    }

    private let directory: TemporaryDirectory
    private let catalog = ModelCatalog()
    private let registry = PrometheusRegistry(process: false)
    private let clock = ManualClock()
    private let watcher: ModelWatcher
    private var state = ModelWatcher.State()
    private let fixture = ExportFixture.random(users: 3, items: 5, dimension: 3, seed: 9)

    init() throws {
        directory = try TemporaryDirectory()
        watcher = ModelWatcher(
            directory: ModelDirectory(root: directory.path, files: directory.files),
            catalog: catalog, metrics: registry, clock: clock, wallClock: { 12 },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try directory.files.createDirectory(directory.path + "/films")
    }

    private var served: UInt64? { catalog.snapshot.models["films"]?.served?.version }

    private func write(_ version: UInt64) throws {
        try fixture.write(to: "\(directory.path)/films/\(version)", version: version)
    }

    private func exposition() -> String { String(decoding: registry.exposition(), as: UTF8.self) }

    @Test mutating func loadsWhatAppearsAndSwapsToTheNext() throws {
        watcher.poll(&state)
        #expect(catalog.snapshot.readiness == .notReady(reason: "no model loaded"))
        try write(1)
        watcher.poll(&state)
        #expect(served == 1)
        #expect(catalog.snapshot.models["films"]?.served?.load.finishedMilliseconds == 12)
        let old = catalog.snapshot
        try write(12)
        try directory.files.createDirectory(directory.path + "/films/13")
        try directory.files.createDirectory(directory.path + "/films/0014")
        try directory.files.createDirectory(directory.path + "/films/tmp")
        watcher.poll(&state)
        #expect(served == 12)
        #expect(old.models["films"]?.served?.version == 1)
        #expect(exposition().contains("lehr_serving_model_version{model=\"films\"} 12\n"))
        #expect(exposition().contains("lehr_serving_model_items{model=\"films\"} 5\n"))
    }

    @Test(arguments: ["items.safetensors", "users.safetensors", "seen.safetensors"])
    mutating func keepsTheOldVersionWhenTheNewOneIsTruncated(name: String) throws {
        try write(1)
        watcher.poll(&state)
        try write(2)
        let whole = try directory.read("films/2/" + name)
        try directory.overwrite("films/2/" + name, with: Array(whole.dropLast(9)))
        watcher.poll(&state)
        #expect(served == 1)
        let failure = try #require(catalog.snapshot.models["films"]?.failures[2])
        #expect(failure.contains(name) && failure.contains("bytes"))
        let failed = #"lehr_serving_model_loads_total{model="films",result="failure"}"#
        #expect(exposition().contains(failed + " 1\n"))
        watcher.poll(&state)
        #expect(exposition().contains(failed + " 1\n"), "it is not tried each time")
        try directory.overwrite("films/2/" + name, with: whole)
        clock.advance(10)
        watcher.poll(&state)
        #expect(served == 2)
        #expect(catalog.snapshot.models["films"]?.failures.isEmpty == true)
    }

    @Test mutating func startsWithAnOlderVersionWhenTheNewestIsDamaged() throws {
        try write(1)
        try write(2)
        var bytes = try directory.read("films/2/items.safetensors")
        bytes[bytes.count - 1] ^= 1
        try directory.overwrite("films/2/items.safetensors", with: bytes)
        watcher.poll(&state)
        #expect(served == 1)
        #expect(catalog.snapshot.models["films"]?.failures[2]?.contains("sha256") == true)
    }

    @Test mutating func servesOnWhenTheDirectoryIsLost() throws {
        try write(1)
        watcher.poll(&state)
        try directory.files.remove(directory.path)
        watcher.poll(&state)
        #expect(state.scanFailure?.reason == .notFound)
        #expect(served == 1)
    }
}
