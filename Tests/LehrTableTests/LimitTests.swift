import LehrCore
import Testing

@testable import LehrTable

/// What happens where there is no room.
@Suite struct LimitTests {
    private func spec(
        _ dimension: Int, narrowUntil shows: Float? = nil, _ policy: LimitPolicy = .retire
    ) -> TableSpec {
        var spec = TableSpec.sample(dimension: dimension, initializer: .constant(0))
        spec.storage.narrow = shows.map { NarrowRows(width: 1, untilShows: $0) }
        spec.storage.atLimit = policy
        return spec
    }

    private func push(_ partition: TablePartition, _ keys: Range<UInt64>, show: Float) {
        let keys = Array(keys)
        partition.push(
            keys, [Float](repeating: 0.1, count: keys.count * partition.spec.dimension),
            shows: keys.map { _ in show })
    }

    private func has(_ partition: TablePartition, _ key: UInt64) -> Bool {
        partition.address(of: key) != nil
    }

    /// A pool that other tables have used up.
    private func crowdedPool() throws -> (pool: BlockPool, TablePartition, [TablePartition]) {
        let pool = BlockPool(byteLimit: 8 << 20)
        let partition = try TablePartition(spec: spec(1000), range: wholeRange, pool: pool)
        push(partition, 0..<48, show: 10)
        let others = try (0..<8).map { _ in
            try TablePartition(spec: .sample(dimension: 1000), range: wholeRange, pool: pool)
        }
        for other in others { push(other, 0..<1500, show: 1) }
        return (pool, partition, others)
    }

    @Test func rowsThatExistAreNotRetiredForPushesOfTheirOwn() throws {
        let (pool, partition, others) = try crowdedPool()
        let refused = others.reduce(0) { $0 + $1.counters.refusedAtLimit }
        #expect(refused > 0, "the pool is used up")
        for _ in 0..<100 { push(partition, 0..<48, show: 10) }
        #expect(partition.counters.retired == 0 && partition.rowCount == 48)
        withExtendedLifetime(pool) {}
    }

    @Test func newKeysTakeThePlacesOfTheLeastImportant() throws {
        let partition = try TablePartition(
            spec: spec(1), range: wholeRange, limits: PartitionLimits(rows: 1000))
        push(partition, 0..<500, show: 9)
        push(partition, 500..<1000, show: 1)
        push(partition, 5000..<5200, show: 2)
        #expect(partition.counters.refusedAtLimit == 0)
        #expect((5000..<5200).allSatisfy { has(partition, $0) })
        #expect((0..<500).filter { has(partition, $0) }.count == 500)
        #expect(partition.rowCount <= 1000)
    }

    @Test func retirementInOneChunkTakesTheLeastImportant() throws {
        let partition = try TablePartition(spec: spec(1), range: wholeRange)
        push(partition, 0..<64, show: 100)
        push(partition, 64..<128, show: 50)
        push(partition, 128..<1000, show: 1)
        for _ in 0..<4 { #expect(partition.retireSlice() > 0) }
        #expect((0..<128).allSatisfy { has(partition, $0) })
    }

    @Test func aRowThatWasRefusedItsWidthGetsItLater() throws {
        let partition = try TablePartition(
            spec: spec(64, narrowUntil: 2), range: wholeRange,
            limits: PartitionLimits(bytes: 4 << 20))
        push(partition, 0..<20_000, show: 1)
        push(partition, 20_000..<60_000, show: 3)
        let hot = UInt64(1 << 40)..<UInt64(1 << 40) + 64
        for _ in 0..<20 { push(partition, hot, show: 100) }
        let widths = hot.compactMap { key in
            partition.address(of: key).map { partition.width(of: $0) }
        }
        #expect(widths == [Int](repeating: 64, count: 64))
    }

    @Test func wideRowsAreNotRetiredForNarrowPlacesInVain() throws {
        let partition = try TablePartition(
            spec: spec(64, narrowUntil: 2), range: wholeRange,
            limits: PartitionLimits(bytes: 8 << 20))
        push(partition, 0..<40_000, show: 3)
        let (retired, created) = (partition.counters.retired, partition.counters.created)
        for start in stride(from: UInt64(1 << 40), to: (1 << 40) + 6400, by: 64) {
            push(partition, start..<start + 64, show: 0)
        }
        let lost = partition.counters.retired - retired
        #expect(lost <= 2 * (partition.counters.created - created) + 64)
        let before = partition.counters.retired
        for _ in 0..<50 { push(partition, (1 << 40) + 6336..<(1 << 40) + 6400, show: 0) }
        #expect(partition.counters.retired - before <= 128)
    }

    @Test func aSliceThatBringsNoPlaceIsTheLastOfItsBlock() throws {
        let spec = spec(64, narrowUntil: 2)
        let partition = try TablePartition(
            spec: spec, range: wholeRange, limits: PartitionLimits(bytes: 4484 << 10))
        // Six chunks, three blocks of the index and its directory leave nothing: only wide rows, of
        // which new keys, which begin narrow, have no use.
        var rows = RowColumns(spec.rowFormat)
        let weight = [Float](repeating: 1, count: 64)
        for key in 0..<20_000 as Range<UInt64> {
            weight.withUnsafeBytes {
                rows.append(
                    key: key, shows: 5, clicks: 0, lastSeen: 0, steps: 0, weight: $0,
                    state: UnsafeBufferPointer(start: nil, count: 0))
            }
        }
        #expect(throws: RestoreError.self) { try partition.restore(rows) }
        #expect(partition.rowCount > 5000 && partition.store.chunks.rowCount(shape: 0) == 0)
        let retired = partition.counters.retired
        push(partition, 1 << 42..<(1 << 42) + 64, show: 0)
        let lost = partition.counters.retired - retired
        #expect(lost == 64)
    }

    @Test func aChunkThatIsBeingEmptiedIsUsedBeforeAKeyIsRefused() throws {
        let partition = try TablePartition(
            spec: spec(200, .refuse), range: wholeRange, limits: PartitionLimits(bytes: 3 << 20))
        var next: UInt64 = 0
        while partition.counters.refusedAtLimit == 0 {
            push(partition, next..<next + 64, show: 1)
            next += 64
        }
        let full = partition.rowCount
        partition.removeKeys((0..<next).filter { $0 % 2 == 0 })
        partition.compact(rowLimit: 1)
        let refused = partition.counters.refusedAtLimit
        let room = UInt64(full - partition.rowCount)
        push(partition, next..<next + room, show: 1)
        #expect(partition.counters.refusedAtLimit == refused && partition.rowCount == full)
    }

    @Test func aFullSegmentTakesKeysInPlaceOfRemovedOnes() throws {
        let partition = try TablePartition(spec: spec(1, .refuse), range: wholeRange)
        let keys = (0..<2000).map { unmixed(UInt64($0 + 5) << 26 | 0xABCDEF) }
        let created = partition.push(keys, [Float](repeating: 1, count: 2000)).created
        #expect(created == KeyIndex.fullCount)
        #expect(partition.removeKeys(Array(keys[..<100])) == 100)
        let again = partition.push(Array(keys[..<100]), [Float](repeating: 1, count: 100))
        #expect(again.created == 100)
    }

    @Test func aScanMissesNoRowWhileItHoldsRowsStill() throws {
        let partition = try TablePartition(
            spec: spec(16, narrowUntil: 2, .refuse), range: wholeRange)
        push(partition, 0..<10, show: 3)
        push(partition, 100..<1300, show: 1)
        partition.scanCount += 1
        let first = partition.scan(from: .start, limit: 1100)
        push(partition, 1250..<1300, show: 5)
        let rest = partition.scan(from: try #require(first.next), limit: 1100)
        partition.scanCount -= 1
        #expect(rest.next == nil)
        #expect(
            (first.keys + rest.keys).sorted() == Array(0..<10) + Array(100..<1300 as Range<UInt64>))
        push(partition, 1250..<1300, show: 5)
        #expect(partition.counters.widened == 60)
    }

    @Test func aRestoreWithoutRoomKeepsTheRow() throws {
        let spec = spec(2000, narrowUntil: 2, .refuse)
        let partition = try TablePartition(
            spec: spec, range: wholeRange, limits: PartitionLimits(bytes: (2 << 16) + 4096))
        push(partition, 1..<2, show: 1)
        var rows = RowColumns(spec.rowFormat)
        let weight = [Float](repeating: 1, count: 2000)
        weight.withUnsafeBytes {
            rows.append(
                key: 1, shows: 5, clicks: 0, lastSeen: 0, steps: 0, weight: $0,
                state: UnsafeBufferPointer(start: nil, count: 0))
        }
        #expect(throws: RestoreError.noRoom(table: "sample", restored: 0)) {
            try partition.restore(rows)
        }
        #expect(partition.rowCount == 1 && has(partition, 1))
    }

    @Test func int8RowsThatWouldReadAsInfinityAreRefused() throws {
        var spec = spec(4)
        spec.storage.numbers = .int8
        let partition = try TablePartition(spec: spec, range: wholeRange)
        var rows = RowColumns(spec.rowFormat)
        [UInt8](repeating: 127, count: 4).withUnsafeBytes {
            rows.append(
                key: 1, shows: 0, clicks: 0, lastSeen: 0, steps: 0, weight: $0, scale: 3e38,
                state: UnsafeBufferPointer(start: nil, count: 0))
        }
        #expect(throws: RestoreError.notFinite(table: "sample", column: "scales")) {
            try partition.restore(rows)
        }
    }
}
