import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import Logging
import Synchronization
import Testing

/// News on its way from the agent's core to the others, some of whose mailboxes are full.
@Suite struct ShardShellTests {
    /// A core's mailbox that takes nothing while it is full.
    private final class Door: Mailbox {
        private let mailbox: any Mailbox
        private let full = Mutex(false)
        private let posts = Mutex(0)

        init(_ mailbox: any Mailbox) { self.mailbox = mailbox }

        var isFull: Bool {
            get { full.withLock { $0 } }
            set { full.withLock { $0 = newValue } }
        }
        var count: Int { posts.withLock { $0 } }

        func post(_ work: @escaping @Sendable () -> Void) -> Bool {
            guard !isFull else { return false }
            posts.withLock { $0 += 1 }
            return mailbox.post(work)
        }
    }

    private let time = VirtualTime()
    private let cores: [VirtualCore]
    private let shards = [ShardCore(index: 0), ShardCore(index: 1)]
    private let doors: [Door]
    private let agent: MembershipAgent

    init() {
        let time = time
        let cores = (0..<2).map { VirtualCore(index: $0, on: time) }
        self.cores = cores
        doors = cores.map { Door($0.mailbox) }
        let logger = Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() })
        let network = InMemoryNetwork(on: time) { _, _, _ in .milliseconds(1) }
        let transports = cores.map {
            InMemoryTransport(name: "s\($0.index)", core: $0, network: network)
        }
        agent = MembershipAgent(
            transport: transports[0], coordinator: "c:1",
            identity: .init(name: "s", role: .shard, coreAddresses: [], httpAddress: ""),
            random: RandomSource(seed: 1), logger: logger)
        var endpoints: [ShardShell.Endpoint] = []
        for (transport, (door, shard)) in zip(transports, zip(doors, shards)) {
            let core = transport.core
            cores[core.index].perform { [shard] in
                let mover = PartitionMover(
                    shard, transport: transport, coordinator: "c:1",
                    random: RandomSource(seed: 1), logger: logger)
                endpoints.append(
                    .init(
                        mailbox: door, shard: Confined(shard, to: core),
                        mover: Confined(mover, to: core)))
            }
        }
        let (agent, shell) = (agent, ShardShell(endpoints, core: cores[0], logger: logger))
        cores[0].perform { shell.follow(agent) }
    }

    private func lease(_ member: MemberIncarnation = ShardScene.member) -> HeldLease {
        HeldLease(incarnation: member, sent: time.now, ttl: .seconds(10), drift: 0)
    }

    private func map(_ version: UInt64, incarnation: UInt64) -> ClusterMap {
        var map = ShardScene.map(version: version)
        map.tables[0].partitions[0].core = 1
        map.tables[0].partitions[0].incarnation = PartitionIncarnation(incarnation)
        return map
    }

    @Test func everyCoreHearsOfLeasesAndMaps() {
        let lease = lease()
        cores[0].perform {
            agent.onJoin?(lease)
            agent.onMap?(map(1, incarnation: 100))
        }
        time.run(for: .milliseconds(1))
        #expect(shards.map(\.lease) == [lease, lease])
        #expect(shards.map(\.ownedPartitions.count) == [4, 1])
        cores[0].perform { agent.onLost?() }
        time.run(for: .milliseconds(1))
        #expect(shards.allSatisfy { $0.lease == nil })
        #expect(shards.map(\.ownedPartitions.count) == [4, 1], "reads go on")
    }

    @Test func aCoreThatIsBusyCatchesUpWithTheLatestMap() {
        cores[0].perform { agent.onJoin?(lease()) }
        time.run(for: .milliseconds(1))
        doors[1].isFull = true
        let before = doors[1].count
        for version in 1...5 as ClosedRange<UInt64> {
            cores[0].perform { agent.onMap?(map(version, incarnation: 100 + version)) }
            time.run(for: .milliseconds(20))
        }
        #expect(shards[1].ownedPartitions.isEmpty)
        doors[1].isFull = false
        time.run(for: .milliseconds(20))
        #expect(shards[1].ownedPartitions.map(\.incarnation.value) == [105])
        #expect(doors[1].count == before + 1, "one piece of mail for five maps")
        #expect(time.isIdle)
    }

    @Test func aLifeThatEndsBeforeACoreHasHeardOfItLeavesNothing() {
        doors[1].isFull = true
        cores[0].perform {
            agent.onJoin?(lease())
            agent.onMap?(map(1, incarnation: 100))
            agent.onLost?()
            agent.onJoin?(lease(MemberIncarnation(6)))
        }
        doors[1].isFull = false
        time.run(for: .milliseconds(20))
        #expect(shards.map(\.lease?.incarnation.value) == [6, 6])
        #expect(shards[1].ownedPartitions.isEmpty)
    }

    @Test func aShardIsClosedWhenEveryCoreHasSaidSo() {
        cores[0].perform {
            agent.onJoin?(lease())
            agent.onMap?(map(1, incarnation: 100))
        }
        time.run(for: .milliseconds(1))
        var closed = 0
        doors[1].isFull = true
        cores[0].perform { agent.onLeave? { closed += 1 } }
        time.run(for: .milliseconds(50))
        #expect(closed == 0, "one has not heard of it")
        doors[1].isFull = false
        cores[1].pause()
        time.run(for: .milliseconds(50))
        #expect(closed == 0, "one has not answered")
        cores[1].resume()
        time.run(for: .milliseconds(50))
        #expect(closed == 1 && shards.allSatisfy { $0.lease == nil })
        cores[0].perform { agent.onRenew?(lease()) }
        time.run(for: .milliseconds(50))
        #expect(shards.allSatisfy { $0.lease == nil }, "it is final")
        #expect(shards.map(\.ownedPartitions.count) == [4, 1], "reads go on")
        #expect(time.isIdle)
    }
}
