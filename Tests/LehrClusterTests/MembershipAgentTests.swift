import CLehrWire
import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import LehrWire
import Logging
import Testing

/// A member's side of the lease protocol, against a scripted coordinator.
@Suite struct MembershipAgentTests {
    private final class Scene {
        let time = VirtualTime()
        let core: VirtualCore
        let agent: MembershipAgent
        var joins: [(time: Instant, cluster: UInt64)] = []
        var processes: [ProcessLife?] = []
        var beats: [Instant] = []
        var leaves = 0
        var watches = 0
        /// The versions that watches say they know.
        var known: [UInt64] = []
        /// Streams of renewals that were opened.
        var streams = 0
        /// By which answers name another renewal than the one that was sent.
        var sequenceError: UInt64 = 0
        /// What joins and beats are refused with, one after another; then they succeed.
        var refusals: [RPCError] = []
        var map = MapFixture.map([], members: [], version: 5)
        var maps: [UInt64] = []
        var lives: [UInt64] = []
        var renewals: [Instant] = []
        /// Lives that had begun when the lease was found to have ended.
        var losses: [Int] = []
        var refused: RPCError?
        private var stream: MessageStream<Wire.ClusterMap>?
        private let network: InMemoryNetwork
        private let server: InMemoryTransport
        private let client: InMemoryTransport

        init(listens: Bool = true) throws {
            network = InMemoryNetwork(on: time) { _, _, _ in .milliseconds(1) }
            core = VirtualCore(on: time)
            server = InMemoryTransport(name: "c", core: VirtualCore(on: time), network: network)
            client = InMemoryTransport(name: "m", core: core, network: network)
            agent = MembershipAgent(
                transport: client, coordinator: "c:1",
                identity: .init(
                    name: "m", role: .shard, coreAddresses: ["m:1"], httpAddress: ""),
                random: RandomSource(seed: 4),
                logger: Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() }))
            agent.onMap = { [weak self] in self?.maps.append($0.version) }
            agent.onJoin = { [weak self] in self?.lives.append($0.incarnation.value) }
            agent.onRenew = { [weak self] in self?.renewals.append($0.deadline) }
            agent.onLost = { [weak self] in
                guard let self else { return }
                losses.append(lives.count)
            }
            agent.onRefused = { [weak self] in self?.refused = $0 }
            network.onArrival = { [weak self] arrival in
                guard arrival.kind == .request, arrival.path == CoordinatorMethods.keepAlive.path
                else { return }
                self?.streams += 1
            }
            if listens { try listen() }
        }

        deinit { time.forgetAll() }

        func listen() throws {
            let services = ServiceTable()
            services.unary(CoordinatorMethods.join) { [weak self] _, request, respond in
                guard let self else { return }
                joins.append((time.now, request.cluster_id))
                processes.append(
                    ProcessLife(wire: request.process_id, life: request.process_life))
                if let refusal = takeRefusal() { return respond.fail(refusal) }
                let incarnation = UInt64(joins.count)
                respond.succeed { answer, _ in
                    (answer.cluster_id, answer.incarnation) = (77, incarnation)
                    (answer.ttl_ms, answer.heartbeat_ms) = (10_000, 3000)
                }
            }
            services.exchange(CoordinatorMethods.keepAlive) { [weak self] _, request, respond in
                guard let self else { return }
                beats.append(time.now)
                let refusal = takeRefusal()
                if let refusal, refusal.code != .notFound { return respond.fail(refusal) }
                let (sequence, life) = (request.sequence + sequenceError, request.incarnations[0])
                respond.succeed { answer, arena in
                    answer.ttl_ms = 10_000
                    answer.map_version = map.version
                    answer.sequence = sequence
                    if refusal != nil { (answer.n_ended, answer.ended) = arena.numbers([life]) }
                }
            }
            services.unary(CoordinatorMethods.leave) { [weak self] _, _, respond in
                self?.leaves += 1
                respond.succeed { _, _ in }
            }
            services.serverStreaming(CoordinatorMethods.watchClusterMap) {
                [weak self] _, request, stream in
                guard let self else { return }
                self.stream = stream
                watches += 1
                known.append(request.known_version)
                if request.known_version > 0 { #expect(request.cluster_id == map.cluster.value) }
                if request.known_version == map.version, map.version > 0 {
                    publish(
                        ClusterMapChange(
                            cluster: map.cluster, base: map.version, version: map.version))
                } else {
                    publish()
                }
            }
            _ = try server.listen(at: "c:1", services)
        }

        private func takeRefusal() -> RPCError? {
            refusals.isEmpty ? nil : refusals.removeFirst()
        }

        func publish() { stream?.send { [map] wire, arena in map.fill(&wire, arena) } }

        func publish(_ change: ClusterMapChange) {
            stream?.send { wire, arena in change.fill(&wire, arena) }
        }

        /// The stream of renewals stands, and nothing comes through it any more.
        func deafenRenewals() {
            #expect(client.deafen { $0 == CoordinatorMethods.keepAlive.path } == 1)
        }

        func endWatch() { stream?.finish(RPCError(.unavailable, "the coordinator stops")) }

        func start() { core.perform { agent.start() } }

        /// Seconds between `start`, and each of `times`.
        func pauses(_ times: [Instant], from start: Instant) -> [Double] {
            zip([start] + times, times).map { ($1 - $0).inSeconds }
        }
    }

    @Test func itJoinsFollowsTheMapAndRenews() throws {
        let scene = try Scene()
        let start = scene.time.now
        scene.start()
        scene.time.run(for: .seconds(20))
        #expect(scene.lives == [1])
        #expect(scene.agent.cluster.value == 77)
        #expect(scene.joins.map(\.cluster) == [0])
        #expect(scene.maps == [5])
        let pauses = scene.pauses(scene.beats, from: start)
        #expect(pauses[0] > 1.5 && pauses[0] < 3.01)
        #expect(pauses.dropFirst().allSatisfy { $0 > 2.7 && $0 < 3.01 })
        #expect(Set(pauses).count == pauses.count && pauses.count >= 6, "by chance")
        // 90 % of ten seconds from when the beat was sent, a millisecond before it came.
        #expect(scene.renewals.last == scene.agent.lease?.deadline)
        #expect(scene.agent.lease?.deadline == scene.beats.last.map { $0 + .milliseconds(8999) })
    }

    @Test func allRenewalsGoThroughOneStream() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(60))
        #expect(scene.streams == 1 && scene.beats.count > 18)
        // A new life does not need another.
        scene.refusals = [RPCError(.notFound, "no such lease")]
        scene.time.run(for: .seconds(10))
        #expect(scene.lives == [1, 2] && scene.streams == 1)
        scene.refusals = [RPCError(.unavailable, "away")]
        scene.time.run(for: .seconds(10))
        #expect(scene.lives == [1, 2] && scene.streams == 2)
    }

    /// Half-open TCP: the stream stands, and nobody answers.
    @Test func aRenewalThatIsNotAnsweredCostsItsStreamAndIsRepeated() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(5))
        let known = try #require(scene.agent.lease?.deadline)
        scene.deafenRenewals()
        scene.time.run(for: .seconds(2))
        let unanswered = try #require(scene.beats.last)
        #expect(scene.agent.lease?.deadline == known, "it was sent, but not answered")
        scene.time.run(for: .seconds(4))
        let repeated = try #require(scene.beats.last)
        let pause = (repeated - unanswered).inSeconds
        #expect(pause > 3.37 && pause < 3.76, "a heartbeat, and an eighth to a quarter more")
        #expect(scene.streams == 2 && scene.lives == [1])
        #expect(scene.agent.lease?.deadline == repeated + .milliseconds(8999))
    }

    @Test func anAnswerToAnotherRenewalIsNone() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(5))
        let known = try #require(scene.agent.lease?.deadline)
        scene.sequenceError = 1
        scene.time.run(for: .seconds(30))
        #expect(scene.agent.lease?.deadline == known && scene.streams > 5)
        scene.sequenceError = 0
        scene.time.run(for: .seconds(5))
        #expect(scene.agent.lease.map { $0.deadline > scene.time.now } == true)
    }

    @Test func aMissingCoordinatorIsWaitedForWithBackOff() throws {
        let scene = try Scene(listens: false)
        scene.start()
        scene.time.run(for: .seconds(60))
        #expect(scene.lives.isEmpty)
        let events = scene.time.eventCount
        scene.time.run(for: .seconds(60))
        #expect(scene.time.eventCount - events < 100, "tries are seconds apart by now")
        try scene.listen()
        scene.time.run(for: .seconds(6))
        #expect(scene.lives == [1])
    }

    @Test func anotherClusterIsTheEnd() throws {
        let scene = try Scene()
        scene.refusals = [RPCError(.failedPrecondition, "this is another cluster")]
        scene.start()
        scene.time.run(for: .seconds(60))
        #expect(scene.refused?.message == "this is another cluster")
        #expect(scene.joins.count == 1)
        #expect(scene.time.isIdle)
    }

    /// The lease of ten seconds must not lapse for one beat that failed.
    @Test func aFailedBeatIsRepeatedSoonEnough() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(1))
        let start = scene.time.now
        scene.refusals = [RPCError(.deadlineExceeded, "lost"), RPCError(.unavailable, "away")]
        scene.time.run(for: .seconds(8))
        let pauses = scene.pauses(scene.beats, from: start)
        #expect(pauses[0] < 2.01)
        #expect(pauses[1...2].allSatisfy { $0 > 0.37 && $0 < 0.76 })
        #expect(pauses[3] > 2.7)
        #expect(scene.lives == [1])
    }

    @Test func aLeaseThatHasEndedIsFollowedByANewLife() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(1))
        scene.refusals = [RPCError(.notFound, "no such lease")]
        scene.time.run(for: .seconds(4))
        #expect(scene.lives == [1, 2])
        #expect(scene.losses == [1])
        #expect(scene.joins.map(\.cluster) == [0, 77], "it says which cluster it was of")
        #expect(scene.maps == [5, 5], "a new life looks at the map anew")
        #expect(scene.processes.map { $0?.life } == [1, 2])
        #expect(Set(scene.processes.map { $0?.process }).count == 1)
        scene.time.run(for: .seconds(30))
        #expect(scene.lives == [1, 2])
    }

    @Test func aJoinIsSentAgainForTheSameLifeAndWhileTheNameIsTaken() throws {
        let scene = try Scene()
        scene.refusals =
            [RPCError(.unavailable, "away")]
            + Array(repeating: RPCError(.alreadyExists, "another has the name"), count: 4)
        let start = scene.time.now
        scene.start()
        scene.time.run(for: .seconds(2))
        #expect(scene.lives == [6] && scene.refused == nil)
        #expect(scene.processes.map { $0?.life } == Array(repeating: 1, count: 6))
        let again: [Double] = scene.joins.dropFirst().map { ($0.time - start) / .seconds(1) }
        let first = try #require(again.first)
        for (index, time) in again.enumerated() {
            #expect(abs(time - first - 0.25 * Double(index)) < 0.1)
        }
    }

    @Test func anOlderMapIsIgnoredAndABrokenWatchTakenUpAgain() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(1))
        scene.map.version = 4
        scene.publish()
        scene.time.run(for: .seconds(1))
        #expect(scene.maps == [5])
        scene.endWatch()
        scene.map.version = 6
        scene.time.run(for: .seconds(1))
        #expect(scene.maps == [5, 6])
        #expect(scene.agent.map?.version == 6)
        #expect(scene.known == [0, 5])
        scene.endWatch()
        scene.time.run(for: .seconds(1))
        #expect(scene.known == [0, 5, 6] && scene.agent.map == scene.map)
    }

    @Test func aWatchThatStandsAndTellsNothingIsReplaced() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(10))
        #expect(scene.watches == 1, "nothing to tell is no reason")
        scene.map.version = 7
        scene.time.run(for: .seconds(7))
        #expect(scene.maps == [5, 7] && scene.watches == 2)
        scene.time.run(for: .seconds(30))
        #expect(scene.watches == 2)
    }

    @Test func aWatchThatIsBehindAndTellsSomethingStays() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(1))
        for version in 6...20 as ClosedRange<UInt64> {
            scene.map.version = version
            scene.publish()
            scene.map.version = version + 1
            scene.time.run(for: .seconds(2))
        }
        #expect(scene.watches == 1 && scene.maps.last == 20)
    }

    @Test func changesOfTheMapAreAppliedAndAfterAGapAllOfItIsAskedFor() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(1))
        let member = Member(
            name: "w", role: .worker, incarnation: MemberIncarnation(9), coreAddresses: [],
            httpAddress: "h:1")
        var change = ClusterMapChange(
            cluster: scene.map.cluster, base: 5, version: 6, came: [member])
        scene.publish(change)
        scene.time.run(for: .seconds(1))
        #expect(scene.agent.map?.members == [member])
        (change.base, change.version) = (6, 7)
        (change.came, change.left) = ([], [member.incarnation])
        scene.publish(change)
        scene.time.run(for: .seconds(1))
        #expect(scene.agent.map?.members == [])
        scene.map.version = 10
        (change.base, change.version) = (9, 10)
        scene.publish(change)
        scene.time.run(for: .seconds(1))
        #expect(scene.maps == [5, 6, 7, 10])
        #expect(scene.agent.map == scene.map)
        #expect(scene.known == [0, 0], "what it knows does not fit")
        scene.endWatch()
        scene.time.run(for: .seconds(1))
        #expect(scene.known == [0, 0, 10])
    }

    @Test func stoppingGivesTheLeaseBackAndLeavesNothingBehind() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(1))
        var stopped = 0
        scene.core.perform { scene.agent.stop { stopped += 1 } }
        scene.time.run(for: .seconds(1))
        #expect(stopped == 1 && scene.leaves == 1 && scene.agent.lease == nil)
        scene.time.run(for: .seconds(30))
        #expect(scene.joins.count == 1 && scene.beats.isEmpty)
        #expect(scene.time.isIdle)
    }

    @Test func theLeaseIsGivenBackOnceNobodyWrites() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(1))
        var close: (() -> Void)?
        scene.agent.onLeave = { close = $0 }
        var stopped = 0
        scene.core.perform { scene.agent.stop { stopped += 1 } }
        scene.time.run(for: .milliseconds(900))
        #expect(stopped == 0 && scene.leaves == 0)
        scene.core.perform { close?() }
        // It holds the agent, which holds whoever sets it.
        close = nil
        scene.time.run(for: .seconds(1))
        #expect(stopped == 1 && scene.leaves == 1)
        #expect(scene.time.isIdle)
    }

    @Test func aLeaseThatMayBeWrittenUnderIsLeftToRunOut() throws {
        let scene = try Scene()
        scene.start()
        scene.time.run(for: .seconds(1))
        var close: (() -> Void)?
        scene.agent.onLeave = { close = $0 }
        var stopped = 0
        scene.core.perform { scene.agent.stop { stopped += 1 } }
        scene.time.run(for: .seconds(1))
        #expect(stopped == 1 && scene.leaves == 0)
        scene.core.perform { close?() }
        close = nil
        scene.time.run(for: .seconds(1))
        #expect(stopped == 1 && scene.leaves == 0, "too late")
    }

    @Test func stoppingBeforeItHasJoinedIsImmediate() throws {
        let scene = try Scene(listens: false)
        scene.start()
        scene.time.run(for: .seconds(1))
        var stopped = 0
        scene.core.perform { scene.agent.stop { stopped += 1 } }
        #expect(stopped == 1)
        scene.time.run(for: .seconds(30))
        #expect(scene.time.isIdle)
    }
}
