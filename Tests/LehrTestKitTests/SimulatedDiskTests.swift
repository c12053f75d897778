import CSQLite
import LehrCoordinator
import LehrCore
import LehrTestKit
import Testing

/// The coordinator's store, through SQLite, on a disk that loses power, fills up, or outlives it.
@Suite struct SimulatedDiskTests {
    private static let path = "/state/coordinator.db"
    private static let seeds = 1...60 as ClosedRange<UInt64>

    /// A process that keeps state on a disk.
    private final class Process {
        /// Apart, as the store may outlive this object.
        private final class Life { var isAlive = true }

        private let life = Life()
        private(set) var store: SimulatedStateStore?

        init(_ disk: SimulatedDisk, _ settings: SQLiteStateStore.Settings = .init()) throws {
            disk.onEnd = { [life] in life.isAlive = false }
            let vfs = SimulatedVFS(disk, isAlive: { [life] in life.isAlive })
            store = try SimulatedStateStore(vfs, path: path, settings: settings)
        }

        var isAlive: Bool { life.isAlive }
        func kill() { life.isAlive = false }
        /// In an orderly way.
        func close() { store = nil }
    }

    /// A transaction of several pages, which are as many as numbers.
    private func records(_ version: UInt64, rows: Int = 6) -> [StateRecord] {
        var cluster = ClusterRecord(id: ClusterID(1))
        cluster.mapVersion = version
        return [.cluster(cluster)]
            + (0..<rows).map { row in
                var evaluation = EvaluationRecord(job: JobID(1), epoch: UInt32(row))
                evaluation.metricName = String(repeating: "x", count: 1500)
                evaluation.metric = Double(version)
                return .evaluation(evaluation)
            }
    }

    /// The version that all records of a state have; nil: they are of several.
    private func version(_ state: DurableState) -> UInt64? {
        let versions = Set(state.evaluations.map { UInt64($0.metric) })
        guard versions.count <= 1 else { return nil }
        let version = state.cluster?.mapVersion ?? 0
        return versions.allSatisfy { $0 == version } ? version : nil
    }

    /// What SQLite itself says of the file.
    private func integrity(_ disk: SimulatedDisk) -> String {
        var database: OpaquePointer?
        let vfs = SimulatedVFS(disk)
        defer {
            sqlite3_close(database)
            withExtendedLifetime(vfs) {}
        }
        sqlite3_open_v2(Self.path, &database, SQLITE_OPEN_READWRITE, vfs.name)
        // There is no shared memory on the simulated disk.
        sqlite3_exec(database, "PRAGMA locking_mode = EXCLUSIVE", nil, nil, nil)
        var statement: OpaquePointer?
        sqlite3_prepare_v2(database, "PRAGMA integrity_check", -1, &statement, nil)
        defer { sqlite3_finalize(statement) }
        guard sqlite3_step(statement) == SQLITE_ROW else {
            return String(cString: sqlite3_errmsg(database))
        }
        return sqlite3_column_text(statement, 0).map { String(cString: $0) } ?? ""
    }

    /// Commits until `mishap` strikes at some commit, and tells what had been answered and what is
    /// found then: nil, where it cannot be read or is no whole.
    private func run(
        _ seed: UInt64, _ settings: SQLiteStateStore.Settings,
        _ mishap: (inout RandomSource) -> SimulatedDisk.Mishap
    ) throws -> (answered: UInt64, found: UInt64?, integrity: String) {
        var random = RandomSource(seed: seed)
        let disk = SimulatedDisk(seed: seed)
        let process = try Process(disk, settings)
        var answered: UInt64 = 0
        let last = 2 + random.below(20)
        for version in 1...100 as ClosedRange<UInt64> where process.isAlive {
            if version == last { disk.nextMishap = mishap(&random) }
            try? process.store?.save(records(version))
            if process.isAlive { answered = version }
        }
        #expect(!process.isAlive, "seed \(seed): nothing has happened")
        let found = try? version(Process(disk, settings).store?.load() ?? DurableState())
        return (answered, found, integrity(disk))
    }

    private var frequentCheckpoints: SQLiteStateStore.Settings {
        var settings = SQLiteStateStore.Settings()
        settings.checkpointPages = 20
        return settings
    }

    private func powerLoss(_ random: inout RandomSource) -> SimulatedDisk.Mishap {
        let moments: [SimulatedDisk.Moment] = [.write(1 + random.below(40)), .sync, .synced]
        return .losesPower(moments[random.below(3)])
    }

    /// As the coordinator keeps its state: with the log copied seldom, or often.
    @Test(arguments: [false, true])
    func whatWasAnsweredOutlivesThePower(often: Bool) throws {
        var kept: [Bool: Int] = [:]
        for seed in Self.seeds {
            let settings = often ? frequentCheckpoints : SQLiteStateStore.Settings()
            let (answered, found, integrity) = try run(seed, settings, powerLoss)
            #expect(integrity == "ok", "seed \(seed)")
            #expect(
                found == answered || found == answered + 1,
                "seed \(seed): \(answered) answered, \(found ?? 0) found")
            kept[found == answered + 1, default: 0] += 1
        }
        #expect(kept.count == 2, "a commit that nobody was told of is there, or not: \(kept)")
    }

    @Test func whatWasAnsweredOutlivesTheProcess() throws {
        for seed in Self.seeds {
            let (answered, found, integrity) = try run(seed, frequentCheckpoints) {
                .ends([.write(1 + $0.below(40)), .sync, .synced][$0.below(3)])
            }
            #expect(integrity == "ok", "seed \(seed)")
            #expect(found == answered || found == answered + 1, "seed \(seed)")
        }
    }

    @Test func withoutSyncsThePowerTakesWhatWasAnswered() throws {
        var settings = frequentCheckpoints
        settings.synchronous = "OFF"
        let runs = try Self.seeds.map {
            try run($0, settings) { .losesPower(.write(1 + $0.below(40))) }
        }
        #expect(
            runs.contains { $0.found.map { [answered = $0.answered] in $0 < answered } ?? false })
        #expect(runs.contains { $0.integrity != "ok" || $0.found == nil })
    }

    @Test func withoutAJournalTheEndOfTheProcessTearsACommit() throws {
        var settings = SQLiteStateStore.Settings()
        settings.journalMode = "OFF"
        let runs = try Self.seeds.map { try run($0, settings) { .ends(.write(1 + $0.below(8))) } }
        #expect(runs.contains { $0.integrity != "ok" || $0.found == nil })
    }

    /// A file that nothing was synced of may be gone by its name, too.
    @Test func namesAreLost() throws {
        var states: Set<UInt64> = []
        for seed in Self.seeds {
            let disk = SimulatedDisk(seed: seed)
            disk.isSyncing = false
            try Process(disk).store?.save(records(1))
            disk.losePower()
            if let state = try? Process(disk).store?.load() {
                states.insert(state.cluster?.mapVersion ?? 0)
            }
        }
        #expect(states == [0, 1])
    }

    @Test func aFullDiskRefusesACommitAsAWhole() throws {
        for room in stride(from: 0, to: 60_000, by: 1777) {
            let disk = SimulatedDisk(seed: 1)
            let process = try Process(disk)
            try process.store?.save(records(1))
            disk.room = room
            var refusal: StateStoreError?
            var last: UInt64 = 1
            while refusal == nil, last < 20 {
                do throws(StateStoreError) {
                    try process.store?.save(records(last + 1))
                    last += 1
                } catch { refusal = error }
            }
            #expect(refusal?.description.contains("full") == true)
            #expect(disk.refusedCount > 0)
            #expect(version(try process.store?.load() ?? DurableState()) == last)
            disk.room = nil
            try process.store?.save(records(50))
            process.kill()
            #expect(version(try Process(disk).store?.load() ?? DurableState()) == 50)
        }
    }

    @Test func aDeadProcessChangesNothing() throws {
        let disk = SimulatedDisk(seed: 1)
        let dead = try Process(disk)
        try dead.store?.save(records(1))
        dead.kill()
        let next = try Process(disk)
        #expect(throws: StateStoreError.self) { try dead.store?.save(records(2)) }
        try next.store?.save(records(3))
        // It would copy its log into the file.
        dead.close()
        next.kill()
        #expect(version(try Process(disk).store?.load() ?? DurableState()) == 3)
        #expect(integrity(disk) == "ok")
    }

    @Test func twoLivingProcessesCannotShareAFile() throws {
        let disk = SimulatedDisk(seed: 1)
        let first = try Process(disk)
        #expect(throws: StateStoreError.self) { try Process(disk) }
        first.close()
        _ = try Process(disk)
    }
}
