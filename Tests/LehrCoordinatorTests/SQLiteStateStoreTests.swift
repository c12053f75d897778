import CSQLite
import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrTestSupport
import Testing

@Suite struct SQLiteStateStoreTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("coordinator.db") }

    init() throws { directory = try TemporaryDirectory() }

    private var records: [StateRecord] {
        var cluster = ClusterRecord(id: ClusterID(.max))
        (cluster.mapVersion, cluster.lastMember) = (.max, MemberIncarnation(.max - 1))
        (cluster.lastPartition, cluster.lastJob, cluster.lastTable) = (1 << 63, 9, .max)
        cluster.grantedTTL = .nanoseconds(10_000_000_001)
        var part = PartRecord(job: JobID(1), part: 70_000)
        (part.floor, part.samples, part.isDone) = (.max, 1 << 53 + 1, true)
        part.holder = MemberIncarnation(.max)
        var evaluation = EvaluationRecord(job: JobID(1), epoch: 3)
        (evaluation.metricName, evaluation.metric) = ("hr@10", 0.1 + 0.2)
        var ledger = PlanFixture.ledger(name: "ä\n\"'")
        ledger.end(.failed, message: "why\u{0}not", unixMilliseconds: 1 << 60)
        let job = ledger.record
        return [
            .cluster(cluster),
            .member(
                Member(
                    name: "s", role: .shard, incarnation: MemberIncarnation(5),
                    coreAddresses: ["a:1"], httpAddress: "",
                    process: ProcessLife(process: .max, life: 3))),
            .job(job), .part(part), .evaluation(evaluation),
        ]
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            Issue.record("should be refused")
            return ""
        } catch { return "\(error)" }
    }

    /// Runs statements on the file as another program would.
    private func tamper(_ sql: String) {
        var database: OpaquePointer?
        #expect(sqlite3_open(path, &database) == SQLITE_OK)
        #expect(sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK)
        sqlite3_close(database)
    }

    @Test func recordsComeBackAsTheyWere() throws {
        do {
            let store = try SQLiteStateStore(path: path)
            #expect(try store.load() == DurableState())
            try store.save([])
            try store.save(records)
        }
        let store = try SQLiteStateStore(path: path)
        let state = try store.load()
        let memory = MemoryStateStore()
        try memory.save(records)
        #expect(try memory.load() == state)
        #expect(state.cluster?.lastPartition == 1 << 63)
        #expect(state.evaluations.first?.metric == 0.1 + 0.2)
    }

    @Test func aLaterRecordTakesTheEarlierOnesPlace() throws {
        let store = try SQLiteStateStore(path: path)
        try store.save(records)
        var part = PartRecord(job: JobID(1), part: 70_000)
        part.attempt = 4
        try store.save([.part(part), .memberEnded(MemberIncarnation(5)), .tableDropped(TableID(1))])
        let state = try store.load()
        #expect(state.parts == [part])
        #expect(state.members.isEmpty)
    }

    @Test func twoCoordinatorsCannotShareAFile() throws {
        var first: SQLiteStateStore? = try SQLiteStateStore(path: path)
        try first?.save(records)
        let said = message { _ = try SQLiteStateStore(path: path) }
        #expect(said == "\(path) is in use by another coordinator")
        first = nil
        #expect(try SQLiteStateStore(path: path).load().parts.count == 1)
    }

    @Test func aFileThatIsNoDatabaseIsRefusedAndLeftAlone() throws {
        let text = String(repeating: "this is no database. ", count: 400)
        _ = try directory.write("coordinator.db", text)
        let said = message { _ = try SQLiteStateStore(path: path) }
        #expect(said.contains(path) && said.contains("not a database"), "\(said)")
        #expect(try directory.read("coordinator.db") == Array(text.utf8))
    }

    @Test func aTruncatedFileIsRefused() throws {
        do { try SQLiteStateStore(path: path).save(records) }
        let bytes = try directory.read("coordinator.db")
        #expect(bytes.count > 4096)
        _ = try directory.write("coordinator.db", bytes: Array(bytes[..<(bytes.count / 2)]))
        let said = message { _ = try SQLiteStateStore(path: path).load() }
        #expect(said.contains(path), "\(said)")
    }

    @Test func anotherSchemaIsRefusedAndLeftAlone() throws {
        tamper("PRAGMA user_version = 9; CREATE TABLE other (a)")
        let said = message { _ = try SQLiteStateStore(path: path) }
        #expect(said.contains("schema 9") && said.contains("reads 2"), "\(said)")
        // Nothing of ours was made in it.
        tamper("CREATE TABLE record (a)")
    }

    @Test func aDamagedRecordIsNamed() throws {
        do { try SQLiteStateStore(path: path).save(records) }
        tamper("UPDATE record SET value = '{\"part\":' WHERE kind = 'part'")
        let said = message { _ = try SQLiteStateStore(path: path).load() }
        #expect(said.contains("record 1/70000 is damaged"), "\(said)")
    }

    @Test func aMissingDirectoryIsNamed() {
        let missing = directory.file("none/coordinator.db")
        let said = message { _ = try SQLiteStateStore(path: missing) }
        #expect(said.contains(missing) && said.contains("open"), "\(said)")
    }

    /// Bytes changed at random: a clear error or a state, never a crash.
    @Test func mutatedFilesAreReadOrRefused() throws {
        do { try SQLiteStateStore(path: path).save(records) }
        let valid = try directory.read("coordinator.db")
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            var bytes = valid
            for _ in 0..<1 + random.below(8) {
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
            }
            let name = "mutated-\(seed).db"
            let file = try directory.write(name, bytes: bytes)
            do { _ = try SQLiteStateStore(path: file).load() } catch {
                #expect("\(error)".contains(name), "seed \(seed): \(error)")
            }
        }
    }
}
