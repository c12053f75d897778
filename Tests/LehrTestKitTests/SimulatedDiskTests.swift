import LehrCoordinator
import LehrCore
import LehrTestKit
import Testing

@Suite struct SimulatedDiskTests {
    private let disk = SimulatedDisk()

    private func record(_ version: UInt64) -> [StateRecord] {
        var record = ClusterRecord(id: ClusterID(1))
        record.mapVersion = version
        return [.cluster(record)]
    }

    private func version() throws -> UInt64? { try disk.load().cluster?.mapVersion }

    @Test func aCommitIsKept() throws {
        try disk.save(record(2))
        try disk.save(record(3))
        #expect(try version() == 3)
        #expect(disk.commitCount == 2)
    }

    @Test(arguments: [SimulatedDisk.Mishap.full, .endsBefore, .losesPower])
    func aCommitThatFailsIsNotKept(mishap: SimulatedDisk.Mishap) throws {
        try disk.save(record(2))
        disk.nextMishap = mishap
        #expect(throws: StateStoreError.self) { try disk.save(record(3)) }
        #expect(try version() == 2)
        try disk.save(record(4))
        #expect(try version() == 4, "a mishap happens once")
    }

    @Test func aProcessThatEndsAfterACommitHasKeptIt() throws {
        disk.nextMishap = .endsAfter
        try disk.save(record(2))
        #expect(try version() == 2)
    }

    @Test func withoutSyncingThePowerTakesWhatWasAnswered() throws {
        disk.isSyncing = false
        try disk.save(record(2))
        #expect(try version() == 2)
        disk.nextMishap = .losesPower
        #expect(throws: StateStoreError.self) { try disk.save(record(3)) }
        #expect(try version() == nil)
    }
}
