import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import Testing

@testable import LehrCoordinator

/// Watchers of the map, which follow it by what they are sent.
@Suite struct MapPublisherTests {
    private final class Follower: Watcher {
        var isReady = true
        var map: ClusterMap?
        var wholes = 0
        var changes = 0
        var onReady: (() -> Void)?
        var onGone: (() -> Void)?

        func take(_ message: MapMessage) -> Bool {
            guard isReady else { return false }
            switch message.content {
            case .whole(let whole):
                wholes += 1
                map = whole
            case .change(let change):
                changes += 1
                #expect((try? map?.apply(change)) == true)
            }
            return true
        }

        func finish(_ last: MapMessage?) {}
    }

    private final class Scene {
        let time = VirtualTime()
        private(set) var map = PlanFixture.instance().map
        private(set) var publisher: MapPublisher?
        /// No incarnation is given twice.
        private var joined: UInt64 = 0

        init() {
            publisher = MapPublisher(core: VirtualCore(on: time), version: map.version) {
                [unowned self] version in map.version == version ? map : nil
            }
        }

        deinit { time.forgetAll() }

        func join(_ count: Int = 1) {
            for _ in 0..<count {
                joined += 1
                let member = Member(
                    name: "m\(joined)", role: .worker, incarnation: MemberIncarnation(joined),
                    coreAddresses: [], httpAddress: "")
                change([.member(member)]) { $0.members.append(member) }
            }
        }

        func leave() {
            let gone = map.members[map.members.count / 2].incarnation
            change([.memberEnded(gone)]) { map in map.members.removeAll { $0.incarnation == gone } }
        }

        /// Of what is not durable yet: `publish` does not come.
        func decideInMemory() { map.version += 1 }

        private func change(_ records: [StateRecord], _ body: (inout ClusterMap) -> Void) {
            body(&map)
            map.version += 1
            publisher?.publish(records, version: map.version)
        }

        func follow(changes: Bool = true, from known: ClusterMap? = nil) -> Follower {
            let follower = Follower()
            follower.map = known
            #expect(
                publisher?.add(follower, takesChanges: changes, known: known?.version ?? 0) == true)
            return follower
        }

        /// The coordinator comes back, with the map and without the journal.
        func restart() {
            publisher = MapPublisher(core: VirtualCore(on: time), version: map.version) {
                [unowned self] version in map.version == version ? map : nil
            }
        }
    }

    @Test func theFirstChangeComesAtOnceAndTheNextOnesTogether() {
        let scene = Scene()
        scene.join(10)
        scene.time.run(for: .seconds(1))
        let follower = scene.follow()
        #expect(follower.wholes == 1 && follower.map == scene.map)
        scene.join()
        #expect(follower.changes == 1 && follower.map == scene.map)
        scene.join(3)
        #expect(follower.changes == 1)
        scene.time.run(for: MapPublisher.interval(watchers: 1))
        #expect(follower.changes == 2 && follower.wholes == 1 && follower.map == scene.map)
        scene.time.run(for: .seconds(1))
        #expect(follower.changes == 2 && scene.time.isIdle)
    }

    @Test func fewAreToldAtOnceAndManyNotNoticeablyLater() {
        #expect(MapPublisher.interval(watchers: 5) <= .milliseconds(1))
        #expect(MapPublisher.interval(watchers: 50_000) == .milliseconds(50))
    }

    @Test func whoDoesNotAskForChangesGetsAllOfTheMap() {
        let scene = Scene()
        scene.join(10)
        let follower = scene.follow(changes: false)
        scene.time.run(for: .seconds(1))
        scene.join()
        #expect(follower.changes == 0 && follower.wholes == 2 && follower.map == scene.map)
    }

    @Test func aSlowOneGetsWhatItHasMissedOrAllOfTheMap() {
        let scene = Scene()
        scene.join(10)
        let follower = scene.follow()
        follower.isReady = false
        scene.join(2)
        scene.time.run(for: .seconds(1))
        (follower.isReady, follower.changes) = (true, 0)
        follower.onReady?()
        #expect(follower.changes == 1 && follower.map == scene.map)
        follower.isReady = false
        // More than the map has members.
        for _ in 0..<20 {
            scene.join()
            scene.leave()
        }
        follower.isReady = true
        follower.onReady?()
        #expect(follower.wholes == 2 && follower.map == scene.map)
    }

    @Test func whoKnowsAVersionIsToldWhatHasChangedSince() {
        let scene = Scene()
        scene.join(10)
        let known = scene.map
        scene.join(2)
        scene.leave()
        let follower = scene.follow(from: known)
        #expect(follower.wholes == 0 && follower.changes == 1 && follower.map == scene.map)
        let current = scene.follow(from: scene.map)
        #expect(current.wholes == 0 && current.changes == 1, "it is told that it is current")
        scene.time.run(for: .seconds(1))
        #expect(current.changes == 1)
        scene.join()
        #expect(current.changes == 2 && current.map == scene.map && follower.map == scene.map)
        let whole = scene.follow(changes: false, from: scene.map)
        #expect(whole.wholes == 1 && whole.changes == 0, "it cannot read changes")
    }

    @Test func afterARestartOnlyWhoIsBehindIsSentAllOfTheMap() {
        let scene = Scene()
        scene.join(10)
        let old = scene.map
        scene.join()
        scene.restart()
        let current = (0..<1000).map { _ in scene.follow(from: scene.map) }
        #expect(current.allSatisfy { $0.wholes == 0 && $0.changes == 1 })
        let behind = scene.follow(from: old)
        #expect(behind.wholes == 1 && behind.map == scene.map)
        // Of a state that was lost.
        var later = scene.map
        later.version += 5
        #expect(scene.follow(from: later).wholes == 1)
        scene.join()
        scene.time.run(for: .seconds(1))
        #expect((current + [behind]).allSatisfy { $0.map == scene.map && $0.wholes <= 1 })
    }

    @Test func whatIsNotDurableIsShownToNobody() {
        let scene = Scene()
        scene.join(3)
        scene.time.run(for: .seconds(1))
        let known = scene.map
        scene.decideInMemory()
        let follower = scene.follow()
        #expect(follower.map == nil)
        scene.join()
        #expect(follower.map == scene.map && scene.map.version > known.version + 1)
    }

    @Test func whoHasGoneIsToldNothingAndItsPlaceIsTaken() {
        let scene = Scene()
        let (gone, other) = (scene.follow(), scene.follow())
        let onReady = gone.onReady
        gone.onGone?()
        let next = scene.follow()
        scene.join()
        onReady?()
        #expect(gone.map?.members.isEmpty == true)
        #expect(next.map == scene.map && other.map == scene.map)
    }

    @Test(arguments: 1...20) func everyFollowerComesToTheMap(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let scene = Scene()
        var followers = [scene.follow()]
        for _ in 0..<400 {
            switch random.below(8) {
            case 0...2: scene.join(1 + random.below(30))
            case 3 where scene.map.members.count > 1: scene.leave()
            case 4:
                let known =
                    random.below(2) == 0 ? nil : followers[random.below(followers.count)].map
                followers.append(scene.follow(changes: random.below(4) > 0, from: known))
            case 5:
                let follower = followers[random.below(followers.count)]
                follower.isReady.toggle()
                if follower.isReady { follower.onReady?() }
            default: scene.time.run(for: .milliseconds(Int64(random.below(60))))
            }
        }
        for follower in followers where !follower.isReady {
            follower.isReady = true
            follower.onReady?()
        }
        scene.time.run(for: .seconds(1))
        #expect(followers.allSatisfy { $0.map == scene.map }, "seed \(seed)")
        #expect(followers.reduce(0) { $0 + $1.changes } > 0)
    }
}
