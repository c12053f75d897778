import LehrCore
import LehrWeb
import Testing

@testable import LehrServing

/// Which version is wanted when, decided without a disk or a clock.
struct ModelStoreTests {
    private let model: ServingModel
    private var store = ModelStore()
    private let load = ModelLoad(finishedMilliseconds: 0, duration: .zero)

    init() throws {
        let directory = try TemporaryDirectory()
        try ExportFixture.random(users: 1, items: 1, dimension: 2, seed: 1)
            .write(to: directory.path + "/export")
        model = try ServingModel.load(directory.path + "/export", files: directory.files)
    }

    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: 0) + .seconds(seconds) }

    private mutating func poll(_ listing: [String: [UInt64]], at seconds: Int64) -> [UInt64] {
        store.poll(listing, now: at(seconds)).map { $0.version }
    }

    private mutating func succeed(_ version: UInt64) {
        store.succeed(ModelVersion(name: "a", version: version), model, load: load)
    }

    private mutating func fail(_ version: UInt64, at seconds: Int64) {
        store.fail(
            ModelVersion(name: "a", version: version), message: "broken \(version)",
            now: at(seconds))
    }

    private var served: UInt64? { store.snapshot.models["a"]?.served?.version }

    @Test mutating func wantsTheHighestVersionOnce() {
        #expect(poll(["a": [2, 10, 9]], at: 0) == [10])
        #expect(poll(["a": [2, 10, 9]], at: 1) == [])
        #expect(store.snapshot.models["a"]?.loading == 10)
        succeed(10)
        #expect(poll(["a": [2, 10, 9]], at: 2) == [])
        #expect(served == 10)
        #expect(poll(["a": [2, 10, 9, 11]], at: 3) == [11])
        #expect(served == 10)
        succeed(11)
        #expect(served == 11)
    }

    @Test mutating func asksForOneVersionOfEachModelByName() {
        let wanted = store.poll(["b": [1], "a": [4], "c": [2, 3]], now: at(0))
        #expect(
            wanted == [
                ModelVersion(name: "a", version: 4), ModelVersion(name: "b", version: 1),
                ModelVersion(name: "c", version: 3),
            ])
    }

    @Test mutating func keepsTheServedVersionWhenANewOneFails() {
        _ = poll(["a": [1]], at: 0)
        succeed(1)
        #expect(poll(["a": [1, 2]], at: 1) == [2])
        fail(2, at: 1)
        #expect(served == 1)
        #expect(store.snapshot.models["a"]?.failures == [2: "broken 2"])
        #expect(store.snapshot.readiness == .ready)
        #expect(poll(["a": [1, 2]], at: 2) == [])
        #expect(poll(["a": [1, 2, 3]], at: 3) == [3])
    }

    @Test mutating func fallsBackToAnOlderVersionWhenNothingIsServed() {
        #expect(poll(["a": [1, 2]], at: 0) == [2])
        fail(2, at: 0)
        #expect(
            store.snapshot.readiness
                == .notReady(reason: "no model loaded; a version 2: broken 2"))
        #expect(poll(["a": [1, 2]], at: 0) == [1])
        succeed(1)
        #expect(poll(["a": [1, 2]], at: 5) == [])
    }

    @Test mutating func triesAgainLessAndLessOften() {
        var tries: [Int64] = []
        for second in 0..<1000 where poll(["a": [1]], at: Int64(second)) == [1] {
            tries.append(Int64(second))
            fail(1, at: Int64(second))
        }
        #expect(tries == [0, 10, 30, 70, 150, 310, 610, 910])
    }

    @Test mutating func forgetsAFailureWithItsDirectory() {
        _ = poll(["a": [1]], at: 0)
        fail(1, at: 0)
        #expect(poll([:], at: 1) == [])
        #expect(store.snapshot.models.isEmpty)
        #expect(poll(["a": [1]], at: 2) == [1])
    }

    @Test mutating func keepsServingWhenTheModelsDirectoryHasGone() {
        _ = poll(["a": [1]], at: 0)
        succeed(1)
        #expect(poll([:], at: 1) == [])
        #expect(served == 1)
        #expect(store.snapshot.models["a"]?.isInDirectory == false)
        #expect(poll(["a": [1]], at: 2) == [])
        #expect(store.snapshot.models["a"]?.isInDirectory == true)
    }

    @Test mutating func rollsBackWhenTheServedVersionIsRemoved() {
        _ = poll(["a": [1, 2]], at: 0)
        succeed(2)
        #expect(poll(["a": [1]], at: 1) == [1])
        #expect(served == 2)
        fail(1, at: 1)
        #expect(served == 2)
        #expect(poll(["a": [1]], at: 20) == [1])
        succeed(1)
        #expect(served == 1)
    }

    @Test mutating func ignoresAnswersItDidNotAskFor() {
        succeed(4)
        fail(4, at: 0)
        #expect(store.snapshot.models.isEmpty)
        #expect(store.snapshot.readiness == .notReady(reason: "no model loaded"))
    }
}
