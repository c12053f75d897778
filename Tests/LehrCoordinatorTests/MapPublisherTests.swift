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

        init() {
            publisher = MapPublisher(core: VirtualCore(on: time), version: map.version) {
                [unowned self] version in map.version == version ? map : nil
            }
        }

        deinit { time.forgetAll() }

        func join(_ count: Int = 1) {
            for _ in 0..<count {
                let number = (map.members.last?.incarnation.value ?? 0) + 1
                let member = Member(
                    name: "m\(number)", role: .worker, incarnation: MemberIncarnation(number),
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

        func follow(changes: Bool = true) -> Follower {
            let follower = Follower()
            #expect(publisher?.add(follower, takesChanges: changes) == true)
            return follower
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
            case 4: followers.append(scene.follow(changes: random.below(4) > 0))
            case 5: followers[random.below(followers.count)].isReady.toggle()
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
