import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import LehrTable
import LehrWire
import Testing

@testable import LehrShard

/// A partition on its way between two cores: the first of table 1.
@Suite struct MoveTests {
    private let source: ShardScene
    private let destination = ShardCore(index: 0)
    private static let other = MemberIncarnation(6)
    private let id = PartitionID(table: TableID(1), index: 0)
    private let keys = ShardScene.keys(3, of: 0)

    init() throws {
        source = try ShardScene()
        destination.holds(
            HeldLease(incarnation: Self.other, sent: source.time.now, ttl: .seconds(10), drift: 0))
    }

    private func map(
        _ version: UInt64, _ change: (inout PlacedPartition) -> Void = { _ in }
    ) -> ClusterMap {
        var map = ShardScene.map(version: version)
        map.members = [ShardScene.member, Self.other].map {
            Member(
                name: "\($0.value)", role: .shard, incarnation: $0, coreAddresses: ["a:1"],
                httpAddress: "")
        }
        change(&map.tables[0].partitions[0])
        return map
    }

    private func end(_ member: MemberIncarnation) -> PartitionMove.End {
        PartitionMove.End(member: member, name: "\(member.value)", core: 0)
    }

    private func moving(_ version: UInt64, number: UInt64 = 900) -> ClusterMap {
        map(version) { $0.begin(number, to: end(Self.other)) }
    }

    private func handed(_ version: UInt64) -> ClusterMap {
        map(version) {
            $0.begin(900, to: end(Self.other))
            $0.handOver(as: PartitionIncarnation(901))
        }
    }

    private func adopt(_ map: ClusterMap) throws {
        try source.shard.adopt(map)
        try destination.adopt(map)
    }

    /// One key of the partition.
    private func push(
        _ batch: UInt64, _ incarnation: UInt64 = 100, isStaged: Bool = false
    ) -> Result<[UInt32], RPCError> {
        var fields = PushFields(batch: batch, isStaged: isStaged)
        fields.slices = [
            PushFields.Slice(
                runs: [PushFields.Run(partition: 0, incarnation: incarnation, keyCount: 1)],
                keys: [keys[0]], gradients: [1, 1])
        ]
        return source.push(fields)
    }

    private func depart() throws -> DepartingPartition {
        let departing = try source.shard.departing(
            of: id, PartitionIncarnation(100), number: 900, cluster: ClusterID(ShardScene.cluster))
        departing.begin()
        return departing
    }

    /// Brings over what there is, to the end or until a step is in the way.
    private func transfer(_ departing: DepartingPartition, to arrival: Arrival) throws -> Bool {
        for _ in 0..<100 {
            switch source.shard.nextStep(of: departing, now: source.time.now) {
            case .chunk(let chunk): try arrival.take(chunk, stamp: 0)
            case .wait: return false
            case .over: return true
            case .refused(let refusal): throw refusal
            }
        }
        return false
    }

    @Test func rowsAndMemoryArriveAndTheSourceFallsSilent() throws {
        #expect(push(0) == .success([1, 0]))
        try adopt(moving(2))
        #expect(push(1) == .success([1, 0]), "it goes on meanwhile")
        let arrival = try #require(destination.arrivals.first)
        let departing = try depart()
        #expect(try transfer(departing, to: arrival) && arrival.isComplete)
        #expect(push(2).code == .aborted && source.row(keys[0]) != nil)
        #expect(push(0).code == .aborted, "nor does it acknowledge what it has")
        destination.take(arrival, as: PartitionIncarnation(901))
        let owned = try #require(destination.ownedPartitions.first)
        #expect(owned.applied.counters.applied == 2 && owned.applied.contains(part: 0, batch: 1))
        #expect(owned.rowsPushed == 2 && owned.incarnation.value == 901)
        #expect(owned.isSealed, "it is not known yet that it knows")
        // A map of before does not take it away again.
        try destination.adopt(moving(3))
        #expect(destination.ownedPartitions.first === owned && destination.arrivals.isEmpty)
        try adopt(handed(4))
        #expect(destination.taken == [MoveReport(id, move: 900, .taken)] && owned.isSealed)
        #expect(source.shard.ownedPartitions.contains { $0.id == id }, "until the other is open")
        var ended = handed(5)
        ended.tables[0].partitions[0].endMove()
        try adopt(ended)
        #expect(!source.shard.ownedPartitions.contains { $0.id == id })
        #expect(destination.ownedPartitions.first === owned && destination.taken.isEmpty)
        #expect(!owned.isSealed)
    }

    @Test func whatHasLeftGivesItsMemoryBack() throws {
        _ = push(0)
        let before = source.shard.pool.bytesUsed
        try adopt(moving(2))
        let arrival = try #require(destination.arrivals.first)
        weak var left: OwnedPartition?
        do {
            let departing = try depart()
            left = departing.partition
            #expect(try transfer(departing, to: arrival))
        }
        destination.take(arrival, as: PartitionIncarnation(901))
        try adopt(handed(3))
        var ended = handed(4)
        ended.tables[0].partitions[0].endMove()
        #expect(before > 0 && source.shard.pool.bytesUsed == before)
        try adopt(ended)
        #expect(left == nil && source.shard.pool.bytesUsed == 0)
    }

    /// The map has opened it, and it leaves again, when the answer comes that was to open it.
    @Test func aLateAnswerDoesNotOpenWhatLeavesAgain() throws {
        _ = push(0)
        try adopt(moving(2))
        let arrival = try #require(destination.arrivals.first)
        _ = try transfer(try depart(), to: arrival)
        destination.take(arrival, as: PartitionIncarnation(901))
        var back = handed(3)
        back.tables[0].partitions[0].endMove()
        back.tables[0].partitions[0].begin(902, to: end(ShardScene.member))
        try destination.adopt(back)
        let owned = try #require(destination.ownedPartitions.first)
        #expect(!owned.isSealed)
        let departing = try destination.departing(
            of: id, PartitionIncarnation(901), number: 902,
            cluster: ClusterID(ShardScene.cluster))
        departing.begin()
        while case .chunk = destination.nextStep(of: departing, now: source.time.now) {}
        #expect(owned.sealedFor == 902)
        destination.open(id, after: 900)
        #expect(owned.sealedFor == 902 && departing.isDeparting)
    }

    @Test func aCopyLeavesTheCoreToOthersWhileTheyWantIt() throws {
        try adopt(moving(2))
        let departing = try depart()
        var counters = ShardCounters()
        let piece = Duration.microseconds(300)
        func rest(_ copies: Int = 1, after piece: Duration = piece, at milliseconds: Int64)
            -> Duration?
        {
            departing.departure.rest(
                of: departing.partition,
                after: piece, copies: copies, counters,
                now: Instant(nanoseconds: 0) + .milliseconds(milliseconds))
        }
        #expect(rest(at: 0) == nil, "nobody asks")
        counters.pulls += 1
        #expect(rest(at: 1) == .microseconds(5700))
        #expect(
            rest(at: 200) == .microseconds(5700), "a busy core has no call between any two pieces")
        #expect(rest(at: 201) == nil, "nobody since")
        counters.pushes += 1
        #expect(rest(4, at: 202) == .microseconds(22_800))
        #expect(
            rest(after: .seconds(10), at: 203) == .milliseconds(38),
            "this process was stopped meanwhile")
        departing.partition.sealedFor = 900
        #expect(rest(at: 204) == nil, "callers wait")
    }

    @Test func aCopyRestsOnlyWhileItsRoundsBecomeShorter() throws {
        try adopt(moving(2))
        let departing = try depart()
        let rows = departing.partition.rows
        var counters = ShardCounters()
        counters.pushes = 1
        func rest() -> Duration? {
            departing.departure.rest(
                of: departing.partition,
                after: .milliseconds(1), copies: 1, counters, now: Instant(nanoseconds: 0))
        }
        func push(_ count: UInt64) {
            let keys = Array(0..<count)
            let gradients = [Float](repeating: 1, count: keys.count * rows.spec.dimension)
            keys.withUnsafeBufferPointer { keys in
                gradients.withUnsafeBufferPointer { gradients in
                    _ = rows.push(
                        keys: PackedElements(keys), gradients: PackedElements(gradients), now: 0)
                }
            }
        }
        func send(untilLeft left: Int?) {
            while rows.left(of: departing.departure.copy) != left {
                _ = source.shard.nextStep(of: departing, now: source.time.now)
            }
        }
        push(6000)
        // What has come since the copy began comes twice: it may be at a place that was passed.
        rows.endCopy()
        rows.beginCopy()
        _ = source.shard.nextStep(of: departing, now: source.time.now)
        #expect(departing.departure.copy.rowsSent == 1024 && rest() != nil)
        push(682)
        #expect(rows.changedCount == 682 && rest() != nil)
        push(683)
        #expect(rest() == nil, "more than two thirds have changed")
        send(untilLeft: 683)
        #expect(rest() == nil, "few rows are left")
        push(6000)
        #expect(rows.left(of: departing.departure.copy) == 6000 && rest() == nil)
        send(untilLeft: 6000 - 1024)
        #expect(departing.departure.copy.rounds == 1 && rest() != nil)
        send(untilLeft: 6000 - 2048)
        #expect(rest() == nil, "few rows are left")
    }

    @Test func theAnswerOpensBeforeTheMapComes() throws {
        _ = push(0)
        try adopt(moving(2))
        let arrival = try #require(destination.arrivals.first)
        _ = try transfer(try depart(), to: arrival)
        destination.take(arrival, as: PartitionIncarnation(901))
        destination.open(id, after: 899)
        #expect(destination.ownedPartitions.first?.isSealed == true, "another move's")
        destination.open(id, after: 900)
        #expect(destination.ownedPartitions.first?.isSealed == false && destination.taken.isEmpty)
        try destination.adopt(handed(3))
        #expect(destination.ownedPartitions.first?.isSealed == false, "a map of before")
    }

    /// The stream must hold nothing of a partition once its caller has gone.
    @Test func aFetchThatIsCancelledLetsGo() throws {
        try adopt(moving(2))
        let departing = try depart()
        let again = try depart()
        #expect(again.isDeparting)
        departing.end()
        #expect(again.isDeparting && departing.partition.rows.scanCount == 1)
        again.end()
        #expect(departing.partition.departure == nil && departing.partition.rows.scanCount == 0)
    }

    @Test func theMapAloneOpensWhatHasArrived() throws {
        _ = push(0)
        try adopt(moving(2))
        let arrival = try #require(destination.arrivals.first)
        _ = try transfer(try depart(), to: arrival)
        try adopt(handed(3))
        #expect(destination.ownedPartitions.first?.applied.counters.applied == 1)
        #expect(destination.taken.count == 1 && destination.arrivals.isEmpty)
    }

    @Test func aMoveThatIsGivenUpUnsealsTheSource() throws {
        try adopt(moving(2))
        let arrival = try #require(destination.arrivals.first)
        _ = try transfer(try depart(), to: arrival)
        #expect(push(0).code == .aborted)
        try adopt(map(3))
        #expect(push(0) == .success([1, 0]) && destination.arrivals.isEmpty)
    }

    @Test func aSealOutlivesTheStreamAndEndsWithItsMove() throws {
        try adopt(moving(2))
        let arrival = try #require(destination.arrivals.first)
        let departing = try depart()
        _ = try transfer(departing, to: arrival)
        departing.end()
        try adopt(moving(3))
        #expect(push(0).code == .aborted, "the other may have everything")
        try arrival.restart()
        #expect(try transfer(try depart(), to: arrival), "all of it again")
        try adopt(moving(4, number: 950))
        #expect(push(0) == .success([1, 0]), "another move, which has not begun")
    }

    @Test func anOwnerThatGetsItBackGoesOn() throws {
        _ = push(0)
        try adopt(moving(2))
        _ = try transfer(try depart(), to: try #require(destination.arrivals.first))
        try adopt(handed(3))
        var back = handed(4)
        back.tables[0].partitions[0].takeBack(as: PartitionIncarnation(902))
        try adopt(back)
        #expect(push(0, 902) == .success([0, 1]) && push(1, 902) == .success([1, 0]))
        #expect(push(1, 100).code == .aborted && destination.ownedPartitions.isEmpty)
    }

    @Test func aStepThatIsStagedIsDecidedFirst() throws {
        try adopt(moving(2))
        let arrival = try #require(destination.arrivals.first)
        let departing = try depart()
        #expect(push(0, isStaged: true) == .success([0, 0]))
        #expect(try !transfer(departing, to: arrival))
        let commit = { self.source.step(ShardMethods.commitStep, batch: 0, at: [100]) }
        #expect(commit() == .success(2))
        #expect(try transfer(departing, to: arrival) && arrival.isComplete)
        destination.take(arrival, as: PartitionIncarnation(901))
        let identity = PushIdentity(
            job: JobID(1), generation: 1, part: 0, batch: 0, floor: 0, attempt: 2, partFloor: 0)
        let claims = [PartitionClaim(id, PartitionIncarnation(901))]
        let cluster = ClusterID(ShardScene.cluster)
        // The new owner's core has never seen the step, and knows what became of it all the same.
        destination.open(id, after: 900)
        #expect(
            try destination.inquire(identity, at: claims, cluster: cluster, now: source.time.now)
                == .committed)
        #expect(
            try destination.staged(identity, at: claims, cluster: cluster, now: source.time.now)
                == nil)
        var older = identity
        older.attempt = 0
        #expect(throws: ShardRefusal.self) {
            try destination.inquire(older, at: claims, cluster: cluster, now: source.time.now)
        }
    }

    @Test func nothingIsHandedOutWithoutAMove() throws {
        #expect(throws: ShardRefusal.notMoving(id)) { try depart() }
        try adopt(moving(2, number: 899))
        #expect(throws: ShardRefusal.notMoving(id)) { try depart() }
    }

    @Test func stampsAreOfTheNewOwnersClock() throws {
        _ = push(0)
        try adopt(moving(2))
        let arrival = try #require(destination.arrivals.first)
        let departing = try depart()
        let now = UInt32(truncatingIfNeeded: source.time.now.nanoseconds / 1_000_000_000)
        while case .chunk(let chunk) = source.shard.nextStep(
            of: departing, now: source.time.now)
        {
            try arrival.take(chunk, stamp: now + 1000)
        }
        arrival.rows.beginSnapshot()
        let rows = arrival.rows.nextImages(byteLimit: 1 << 20)?.columns(RowFormat())
        #expect(rows?.lastSeen.allSatisfy { $0 == now + 1000 } == true && rows?.rowCount == 1)
    }
}

extension Result where Failure == RPCError {
    fileprivate var code: StatusCode? {
        if case .failure(let error) = self { error.code } else { nil }
    }
}
