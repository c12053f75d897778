import LehrCluster
import LehrCore
import LehrMembership
import Testing

@testable import LehrCoordinator

/// What becomes of a partition on its way from one shard to another.
@Suite struct MoveTests {
    private var coordinator = PlanFixture.instance()
    private let (source, destination, worker):
        (MemberIncarnation, MemberIncarnation, MemberIncarnation)
    private let job: JobID
    private let partition: PartitionID

    init() throws {
        let join = { (instance: inout CoordinatorInstance, name: String, role: Role) in
            try instance.join(
                PlanFixture.join(name, role), now: PlanFixture.start, unixMilliseconds: 0
            ).member.incarnation
        }
        source = try join(&coordinator, "a", .shard)
        job = try coordinator.submit(PlanFixture.plan(), unixMilliseconds: 1).job
        destination = try join(&coordinator, "b", .shard)
        worker = try join(&coordinator, "w", .worker)
        partition = PartitionID(table: coordinator.tables[0].id, index: 1)
    }

    private var placed: PlacedPartition { coordinator.tables[0].partitions[1] }

    private mutating func begin() throws -> UInt64 {
        try coordinator.move(partition, to: "b", core: 1).move
    }

    @discardableResult
    private mutating func say(
        _ state: MoveReport.State, of move: UInt64, from member: MemberIncarnation? = nil
    ) throws -> PartitionIncarnation? {
        try coordinator.report(
            MoveReport(partition, move: move, state), from: member ?? destination,
            unixMilliseconds: 5
        ).incarnation
    }

    private mutating func report(
        placement: PartitionIncarnation
    ) throws -> (proceed: Bool, directives: [Directive]) {
        let task = try #require(try coordinator.acquireTask(worker).task)
        var report = PlanFixture.report(task, floor: 1)
        report.placement = placement
        return try coordinator.report(
            report, from: worker, now: PlanFixture.start, unixMilliseconds: 6)
    }

    @Test mutating func aPartitionIsHandedOverWhenItsDestinationHasEverything() throws {
        let before = placed
        let move = try begin()
        #expect(placed.owner == source && placed.incarnation == before.incarnation)
        #expect(placed.move?.phase == .copying && placed.isHeld(by: source))
        let incarnation = try say(.ready, of: move)
        #expect(placed.owner == destination && placed.core == 1 && placed.ownerName == "b")
        #expect(placed.incarnation == incarnation && placed.incarnation > before.incarnation)
        #expect(placed.line == before.incarnation && placed.move?.phase == .handedOver)
        #expect(placed.isHeld(by: source))
        #expect(try say(.ready, of: move) == incarnation, "it is said again")
        #expect(try say(.failed("late"), of: move) == nil && placed.owner == destination)
        #expect(try say(.taken, of: move) == incarnation, "it may open")
        #expect(placed.move == nil && placed.owner == destination && !placed.isHeld(by: source))
        #expect(try say(.taken, of: move) == nil, "what the map says counts")
        #expect(try say(.ready, of: move) == nil && placed.incarnation == incarnation)
    }

    @Test mutating func onlyItsOwnDestinationSpeaksOfAMove() throws {
        let move = try begin()
        #expect(try say(.ready, of: move, from: source) == nil)
        #expect(try say(.ready, of: move + 1) == nil && placed.owner == source)
        #expect(throws: CoordinatorRefusal.self) {
            try say(.ready, of: move, from: MemberIncarnation(99))
        }
        try say(.failed("no room"), of: move)
        #expect(placed.move == nil && placed.owner == source)
        let next = try begin()
        #expect(next > move)
        #expect(try say(.ready, of: move) == nil && placed.owner == source, "of an earlier move")
    }

    @Test mutating func whatCannotMoveIsRefused() throws {
        for (id, name, core, text) in [
            (PartitionID(table: TableID(9), index: 0), "b", 0, "no partition 0 of a table 9"),
            (PartitionID(table: partition.table, index: 99), "b", 0, "no partition 99"),
            (partition, "w", 0, "no shard"), (partition, "b", 7, "cores 0 to 1"),
            (partition, "a", placed.core, "there already"),
        ] as [(PartitionID, String, UInt32, String)] {
            let error = #expect(throws: CoordinatorRefusal.self) {
                try coordinator.move(id, to: name, core: core)
            }
            #expect(error?.description.contains(text) == true, "\(text)")
        }
        _ = try begin()
        #expect(throws: CoordinatorRefusal.self) { try begin() }
    }

    @Test mutating func aDestinationThatGoesBeforeItOwnsLosesNothing() throws {
        let move = try begin()
        _ = coordinator.leave(destination, unixMilliseconds: 7)
        #expect(placed.move == nil && placed.owner == source)
        #expect(throws: CoordinatorRefusal.self) { try say(.ready, of: move) }
        #expect(coordinator.jobs[0].record.state == .running)
    }

    @Test mutating func whoGoesBeforeItIsOpenGivesBackOnceItIsSilent() throws {
        let move = try begin()
        let handed = try #require(try say(.ready, of: move))
        _ = try coordinator.revoke(
            "b", nil, now: PlanFixture.start, unixMilliseconds: 7)
        #expect(placed.owner == destination, "it may write for as long as it believes in its lease")
        try coordinator.keepAlive(source, now: PlanFixture.start + .seconds(9))
        try coordinator.keepAlive(worker, now: PlanFixture.start + .seconds(9))
        _ = coordinator.expire(now: PlanFixture.start + .seconds(10), unixMilliseconds: 8)
        #expect(placed.owner == source && placed.move == nil && placed.ownerName == "a")
        #expect(placed.incarnation > handed && placed.line < handed, "it lacks nothing")
        #expect(coordinator.jobs[0].record.state == .running)
        #expect(throws: CoordinatorRefusal.self) { try say(.taken, of: move) }
        #expect(placed.owner == source)
    }

    @Test mutating func aSourceThatGoesIsMissedOnlyIfItsRowsAre() throws {
        let move = try begin()
        // All other partitions are elsewhere, so that the job loses nothing else.
        for table in coordinator.tables.indices {
            for index in coordinator.tables[table].partitions.indices where (table, index) != (0, 1)
            {
                let id = PartitionID(table: coordinator.tables[table].id, index: UInt32(index))
                let other = try coordinator.move(id, to: "b", core: 0).move
                for state in [MoveReport.State.ready, .taken] {
                    _ = try coordinator.report(
                        MoveReport(id, move: other, state), from: destination, unixMilliseconds: 5)
                }
            }
        }
        var other = self
        _ = coordinator.leave(source, unixMilliseconds: 7)
        #expect(coordinator.jobs[0].record.state == .running)
        #expect(try say(.ready, of: move) != nil && placed.owner == destination)
        try say(.taken, of: move)
        #expect(coordinator.jobs[0].record.state == .running)

        _ = other.coordinator.leave(source, unixMilliseconds: 7)
        try other.say(.failed("it has gone"), of: move)
        #expect(other.coordinator.jobs[0].record.state == .failed)
        #expect(other.coordinator.jobs[0].record.message.contains("shard a was lost: "))
    }

    @Test mutating func bothGoneIsLost() throws {
        let move = try begin()
        try say(.ready, of: move)
        _ = coordinator.leave(destination, unixMilliseconds: 7)
        #expect(coordinator.jobs[0].record.state == .running)
        _ = coordinator.leave(source, unixMilliseconds: 8)
        #expect(coordinator.jobs[0].record.state == .failed)
    }

    @Test mutating func positionsCountAcrossAMove() throws {
        let before = coordinator.placement(of: job)
        let move = try begin()
        #expect(try !report(placement: before).directives.isEmpty)
        try say(.ready, of: move)
        #expect(try !report(placement: before).directives.isEmpty, "nobody else has written")
        try say(.taken, of: move)
        #expect(try !report(placement: before).directives.isEmpty, "the new owner has it all")
        let unborn = PartitionIncarnation(coordinator.placement(of: job).value + 1)
        #expect(try report(placement: unborn).directives.isEmpty)
    }

    @Test mutating func aRestartGoesOnWithMoves() throws {
        let move = try begin()
        var state = DurableState()
        state.cluster = coordinator.cluster
        state.members = coordinator.leases.members
        state.tables = coordinator.tables
        state.jobs = coordinator.jobs.map(\.record)
        let restored = try #require(
            CoordinatorInstance.restore(
                state, terms: PlanFixture.terms, placer: coordinator.placer, now: PlanFixture.start)
        )
        coordinator = restored
        #expect(placed.move?.number == move)
        #expect(try say(.ready, of: move) != nil)
    }

    // MARK: - Draining

    @Test mutating func aShardIsDrainedAFewPartitionsAtATime() throws {
        let total = coordinator.tables.reduce(0) { $0 + $1.partitions.count }
        #expect(try coordinator.drain("a").partitions == total)
        var moved = 0
        while let (id, move) = underWay.first {
            #expect(underWay.count <= CoordinatorInstance.drainingMovesMax)
            for state in [MoveReport.State.ready, .taken] {
                _ = try coordinator.report(
                    MoveReport(id, move: move.number, state), from: destination,
                    unixMilliseconds: 5)
            }
            moved += 1
        }
        #expect(moved == total && coordinator.map.isDrained(source))
        #expect(try coordinator.drain("a").partitions == 0)
        let cores = coordinator.tables.flatMap(\.partitions).map(\.core)
        #expect(Set(cores) == [0, 1])
        let plan = PlanFixture.plan(name: "next")
        _ = try coordinator.submit(plan, unixMilliseconds: 9)
        #expect(coordinator.map.isDrained(source), "it gets nothing more")
        #expect(throws: CoordinatorRefusal.self) {
            try coordinator.move(partition, to: "a", core: 0)
        }
    }

    @Test mutating func aLifeDrainsNoneButItself() throws {
        let refused = #expect(throws: CoordinatorRefusal.self) {
            try coordinator.drain("a", destination)
        }
        #expect(refused != nil && coordinator.leases.drainingCount == 0)
        #expect(try !coordinator.drain("a", source).directives.isEmpty, "it begins")
        #expect(try coordinator.drain("a", source).directives.isEmpty, "it is under way")
    }

    private var underWay: [(PartitionID, PartitionMove)] {
        coordinator.tables.flatMap { table in
            table.partitions.enumerated().compactMap { index, placed in
                placed.move.map { (PartitionID(table: table.id, index: UInt32(index)), $0) }
            }
        }
    }

    @Test mutating func aDrainIsGivenUpWithAMoveThatFails() throws {
        _ = try coordinator.drain("a")
        let (id, move) = try #require(underWay.first)
        _ = try coordinator.report(
            MoveReport(id, move: move.number, .failed("no room")), from: destination,
            unixMilliseconds: 5)
        #expect(coordinator.leases.members.allSatisfy { !$0.isDraining })
        #expect(underWay.count == CoordinatorInstance.drainingMovesMax - 1, "none is begun anew")
    }

    @Test mutating func whatIsOnItsWayToADrainedShardStaysWhereItIs() throws {
        _ = try begin()
        _ = try coordinator.drain("b")
        #expect(
            placed.move == nil && placed.owner == source && coordinator.map.isDrained(destination))
        #expect(throws: CoordinatorRefusal.self, "nobody would be left") {
            try coordinator.drain("a")
        }
    }

    @Test mutating func aDrainEndsWhenNobodyIsLeftToTakeWhatThereIs() throws {
        _ = try coordinator.drain("a")
        _ = coordinator.leave(destination, unixMilliseconds: 7)
        #expect(underWay.isEmpty && coordinator.leases.members.allSatisfy { !$0.isDraining })
        #expect(coordinator.jobs[0].record.state == .running)
    }

    /// It ends, though nobody is left to take anything.
    @Test mutating func theLastShardMayGoWhenItHasNothing() throws {
        coordinator.tables = []
        _ = coordinator.leave(destination, unixMilliseconds: 7)
        #expect(try coordinator.drain("a").partitions == 0)
        #expect(coordinator.map.isDrained(source))
    }

    @Test mutating func theLastShardIsNotDrained() throws {
        _ = coordinator.leave(destination, unixMilliseconds: 7)
        let error = #expect(throws: CoordinatorRefusal.self) { try coordinator.drain("a") }
        #expect(error?.description.contains("only shard") == true)
        #expect(throws: CoordinatorRefusal.self) { try coordinator.drain("w") }
        #expect(throws: CoordinatorRefusal.self) { try coordinator.drain("nobody") }
        #expect(coordinator.leases.members.allSatisfy { !$0.isDraining })
    }
}
