import LehrCore
import LehrMembership
import LehrRPC
import LehrWire
import Testing

@testable import LehrCluster

/// One operation over scripted owners, each of which answers as it is told.
@Suite struct FanOutTests {
    /// A client and two owners, `shard-1:7200` and `shard-2:7200`.
    private final class Scene {
        let time = VirtualTime()
        let core: VirtualCore
        let client: InMemoryTransport
        var map: ClusterMap?
        /// What each address answers next; nothing left: OK.
        var script: [String: [RPCError]] = [:]
        var asked: [String] = []
        var targetsSent: [[FanOut.Target]] = []
        var ends: [RPCError?] = []
        private var servers: [InMemoryTransport] = []

        init(tables: [PlacedTable]) throws {
            let network = InMemoryNetwork(on: time) { _, _, _ in .milliseconds(1) }
            core = VirtualCore(on: time)
            client = InMemoryTransport(name: "client", core: core, network: network)
            map = MapFixture.map(
                tables, members: [MapFixture.member(1, cores: 1), MapFixture.member(2, cores: 1)])
            for address in ["shard-1:7200", "shard-2:7200"] {
                let server = InMemoryTransport(
                    name: address, core: VirtualCore(on: time), network: network)
                let services = ServiceTable()
                services.register(
                    "/t/M",
                    .unary { [weak self] _, _, responder in
                        guard let self else { return }
                        asked.append(address)
                        if let error = script[address]?.first {
                            script[address]?.removeFirst()
                            responder.finish(.failure(error))
                        } else {
                            responder.succeed([])
                        }
                    })
                _ = try server.listen(at: address, services)
                servers.append(server)
            }
        }

        func fanOut(tables: [UInt32] = [1]) -> FanOut {
            FanOut(
                transport: client, tables: tables.map { TableID($0) },
                random: RandomSource(seed: 1), map: { [weak self] in self?.map },
                send: { [weak self] channel, targets, _, done in
                    self?.targetsSent.append(targets)
                    return channel.unary("/t/M", [], CallOptions(timeout: .seconds(1))) { result in
                        switch result {
                        case .success: done(nil)
                        case .failure(let error): done(error)
                        }
                    }
                },
                completion: { [weak self] in self?.ends.append($0) })
        }

        func start(_ operation: FanOut, _ targets: [FanOut.Target]) {
            core.perform { operation.start(targets) }
        }
    }

    private static func targets(_ partitions: Range<Int>, table: Int = 0) -> [FanOut.Target] {
        partitions.map { FanOut.Target(table: table, partition: $0, run: $0) }
    }

    private let table = MapFixture.table(bits: 2, owners: [(1, 0), (2, 0)])

    @Test func eachOwnerIsAskedOnceForAllThatItOwns() throws {
        let scene = try Scene(tables: [table])
        scene.start(scene.fanOut(), Self.targets(0..<4))
        #expect(scene.ends.isEmpty)
        scene.time.run(for: .seconds(1))
        #expect(scene.asked == ["shard-1:7200", "shard-2:7200"])
        #expect(scene.targetsSent.map { $0.map(\.partition) } == [[0, 2], [1, 3]])
        #expect(scene.ends == [nil])
        #expect(scene.time.isIdle)
    }

    @Test func nothingToDoEndsLaterAndWell() throws {
        let scene = try Scene(tables: [table])
        scene.core.perform {
            scene.fanOut().start([])
            #expect(scene.ends.isEmpty)
        }
        scene.time.run(for: .zero)
        #expect(scene.ends == [nil])
    }

    @Test(arguments: [StatusCode.unavailable, .aborted, .deadlineExceeded, .resourceExhausted])
    func whatMayPassIsTriedAgain(code: StatusCode) throws {
        let scene = try Scene(tables: [table])
        scene.script["shard-2:7200"] = Array(repeating: RPCError(code, "busy"), count: 5)
        scene.start(scene.fanOut(), Self.targets(0..<4))
        scene.time.run(for: .seconds(30))
        #expect(scene.ends == [nil])
        #expect(scene.asked.filter { $0 == "shard-1:7200" }.count == 1)
        #expect(scene.asked.filter { $0 == "shard-2:7200" }.count == 6)
        #expect(scene.time.isIdle)
    }

    @Test(arguments: [
        StatusCode.invalidArgument, .failedPrecondition, .notFound, .internal, .unimplemented,
    ])
    func whatWillNotPassEndsTheOperation(code: StatusCode) throws {
        let scene = try Scene(tables: [table])
        let error = RPCError(code, "no")
        scene.script["shard-1:7200"] = [error]
        scene.script["shard-2:7200"] = [RPCError(.unavailable, "later")]
        scene.start(scene.fanOut(), Self.targets(0..<4))
        scene.time.run(for: .seconds(30))
        #expect(scene.ends == [error])
        #expect(scene.asked.count == 2, "nothing is tried again after the end")
        #expect(scene.time.isIdle)
    }

    @Test func whatNeverFitsEndsAfterAMinuteOrSo() throws {
        let scene = try Scene(tables: [table])
        let error = RPCError(.resourceExhausted, "a message of 100 bytes is over the limit")
        scene.script["shard-1:7200"] = Array(repeating: error, count: 1000)
        scene.start(scene.fanOut(), Self.targets(0..<1))
        scene.time.run(for: .seconds(20))
        #expect(scene.ends.isEmpty)
        scene.time.run(for: .seconds(100))
        #expect(scene.ends == [error])
    }

    @Test func anOwnerThatMovedIsFoundOnTheNewMap() throws {
        let scene = try Scene(tables: [table])
        scene.script["shard-1:7200"] = [RPCError(.aborted, "stale")]
        scene.start(scene.fanOut(), Self.targets(0..<1))
        scene.time.run(for: .milliseconds(2))
        scene.map?.tables = [MapFixture.table(bits: 2, owners: [(2, 0)], incarnation: 200)]
        scene.time.run(for: .seconds(5))
        #expect(scene.asked == ["shard-1:7200", "shard-2:7200"])
        #expect(scene.ends == [nil])
    }

    @Test func anOwnerThatIsAwayIsWaitedFor() throws {
        let scene = try Scene(tables: [table])
        scene.map?.members.removeLast()
        scene.start(scene.fanOut(), Self.targets(0..<4))
        scene.time.run(for: .seconds(5))
        #expect(scene.asked == ["shard-1:7200"])
        #expect(scene.ends.isEmpty)
        scene.map?.members.append(MapFixture.member(2, cores: 1))
        scene.time.run(for: .seconds(5))
        #expect(scene.asked == ["shard-1:7200", "shard-2:7200"])
        #expect(scene.ends == [nil])
    }

    @Test func withoutAMapItWaitsForOne() throws {
        let scene = try Scene(tables: [table])
        let map = scene.map
        scene.map = nil
        scene.start(scene.fanOut(), Self.targets(0..<2))
        scene.time.run(for: .seconds(5))
        #expect(scene.ends.isEmpty && scene.asked.isEmpty)
        scene.map = map
        scene.time.run(for: .seconds(5))
        #expect(scene.ends == [nil])
    }

    @Test func aTableOrPartitionThatIsGoneEndsTheOperation() throws {
        let scene = try Scene(tables: [table])
        scene.start(scene.fanOut(tables: [1, 2]), Self.targets(0..<1, table: 1))
        scene.time.run(for: .seconds(5))
        #expect(scene.ends.map(\.?.code) == [.notFound])
        // A table that was cut anew into fewer partitions while a call was on its way.
        scene.script["shard-2:7200"] = [RPCError(.aborted, "stale")]
        scene.start(scene.fanOut(), Self.targets(3..<4))
        scene.map?.tables = [MapFixture.table(bits: 1, owners: [(1, 0)])]
        scene.time.run(for: .seconds(5))
        #expect(scene.ends.map(\.?.code) == [.notFound, .notFound])
    }

    @Test func aCancelledOperationSaysNothingAndLeavesNothing() throws {
        let scene = try Scene(tables: [table])
        for moment in [0, 1, 2, 10] {
            scene.script["shard-2:7200"] = Array(
                repeating: RPCError(.unavailable, "later"), count: 100)
            let operation = scene.fanOut()
            scene.start(operation, Self.targets(0..<4))
            scene.time.run(for: .milliseconds(moment))
            scene.core.perform { operation.cancel() }
            let asked = scene.asked.count
            scene.time.run(for: .seconds(30))
            #expect(scene.asked.count <= asked + 2, "what was on its way still arrives")
            #expect(scene.ends.isEmpty)
            #expect(scene.time.isIdle)
            #expect(scene.client.callsInFlight.made == 0)
        }
    }
}
