import LehrCore
import Testing

@testable import LehrTable

/// Pushes and pulls of many keys and several partitions at once, against the same keys one by one.
@Suite struct PartitionedModelTests {
    struct Scenario: Sendable, CustomTestStringConvertible {
        var name: String
        var homes = 3
        var tags = 40
        var keyCount = 3000
        var numbers = NumberFormat.float32
        var narrowUntil: Float?
        var isWide = false
        var limits = PartitionLimits()
        var policy = LimitPolicy.refuse
        var clips = false
        var l1: Float = 0

        var testDescription: String { name }

        var spec: TableSpec {
            var spec = TableSpec.sample(dimension: 5, rule: .adagrad(initialAccumulator: 0.1))
            spec.storage.numbers = numbers
            spec.storage.narrow = narrowUntil.map { NarrowRows(width: 2, untilShows: $0) }
            spec.storage.keyWidth = isWide ? .bits128 : .bits64
            spec.storage.atLimit = policy
            spec.optimizer.l1 = l1
            if clips { spec.optimizer.notANumber = .clip }
            return spec
        }
    }

    static let exact: [Scenario] = [
        Scenario(name: "few homes and tags"),
        Scenario(name: "one home, one tag", homes: 1, tags: 1, keyCount: 1500),
        Scenario(name: "special tags", homes: 2, tags: 6, keyCount: 5000),
        Scenario(name: "all homes", homes: 128, tags: 30_000, keyCount: 20_000),
        Scenario(name: "narrow", homes: 2, tags: 300, keyCount: 800, narrowUntil: 3),
        Scenario(
            name: "narrow, bf16, few", homes: 1, tags: 9, keyCount: 40, numbers: .bfloat16,
            narrowUntil: 2),
        Scenario(
            name: "zeros", homes: 2, tags: 50, keyCount: 500, numbers: .bfloat16, narrowUntil: 2,
            limits: PartitionLimits(rows: 90), l1: 0.2),
        Scenario(name: "wide keys", homes: 2, tags: 20, isWide: true),
        Scenario(name: "row limit", limits: PartitionLimits(rows: 301)),
        Scenario(
            name: "byte limit, narrow", homes: 128, tags: 30_000, keyCount: 20_000, narrowUntil: 2,
            limits: PartitionLimits(bytes: 448 << 10)),
    ]

    static let retiring: [Scenario] = [
        Scenario(name: "rows", limits: PartitionLimits(rows: 301), policy: .retire),
        Scenario(
            name: "rows, narrow", narrowUntil: 2, limits: PartitionLimits(rows: 301),
            policy: .retire),
        Scenario(
            name: "bytes, narrow", homes: 128, tags: 30_000, keyCount: 20_000, narrowUntil: 2,
            limits: PartitionLimits(bytes: 256 << 10), policy: .retire),
        Scenario(
            name: "index, wide", homes: 2, tags: 1, keyCount: 9000, isWide: true,
            policy: .retire),
        Scenario(
            name: "clipping", limits: PartitionLimits(rows: 301), policy: .retire, clips: true),
    ]

    private static let batchSizes = [0, 1, 2, 5, 6, 7, 12, 13, 24, 25, 63, 64, 65, 300, 1500]

    private func partitions(_ scenario: Scenario) throws -> [TablePartition] {
        try BucketRange.even(bits: 2).map {
            try TablePartition(spec: scenario.spec, range: $0, limits: scenario.limits)
        }
    }

    private func batch(
        _ pool: ClusteredKeys, _ scenario: Scenario, _ partitions: [TablePartition],
        _ random: inout RandomSource
    ) -> PartitionedBatch {
        let count = Self.batchSizes[random.below(Self.batchSizes.count)]
        let hot = [pool.keys.count, 7, 1][random.below(3)]
        let start = random.below(pool.keys.count)
        let keys = (0..<count).map { _ in
            let near = random.below(3) == 0 ? random.below(hot) : random.below(pool.keys.count)
            return pool.keys[(start + near) % pool.keys.count]
        }
        return PartitionedBatch(
            keys, spec: scenario.spec, partitions: partitions, badShare: 40, &random)
    }

    /// Removes some keys, or some rows' memory, in both.
    private func disturb(
        _ pool: ClusteredKeys, _ together: [TablePartition], _ single: [TablePartition],
        _ random: inout RandomSource
    ) {
        switch random.below(6) {
        case 0, 1:
            let share = [4, 30, 200][random.below(3)]
            let keys = pool.keys.filter { _ in random.below(share) == 0 }.flatMap { $0 }
            for (one, other) in zip(together, single) {
                #expect(one.removeKeys(keys) == other.removeKeys(keys))
            }
        case 2:
            for partition in together + single { partition.compact(rowLimit: 50) }
        default: break
        }
    }

    @Test(arguments: exact, [1, 2] as [UInt64])
    func aBatchIsAsItsKeysOneByOne(scenario: Scenario, seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let pool = ClusteredKeys(
            count: scenario.keyCount, homes: scenario.homes, tags: scenario.tags,
            isWide: scenario.isWide, &random)
        let (together, single) = (try partitions(scenario), try partitions(scenario))
        for now in 0..<60 as Range<UInt32> {
            let batch = batch(pool, scenario, together, &random)
            let outcome = batch.push(to: together, now: now)
            #expect(outcome == batch.pushOneByOne(to: single, now: now))
            #expect(
                outcome.applied + outcome.refusedAtLimit + outcome.refusedNotFinite
                    == batch.keyCount)
            let other = self.batch(pool, scenario, together, &random)
            #expect(bits(other.pull(from: together)) == bits(other.pullOneByOne(from: single)))
            disturb(pool, together, single, &random)
            for (one, other) in zip(together, single) {
                #expect(one.counters == other.counters)
                #expect(one.zeroCount == other.zeroCount)
                #expect(one.zeroCount == zeros(one))
                guard now % 4 == 3 else { continue }
                #expect(one.store.indexFaults == [])
                #expect(other.store.indexFaults == [])
                #expect(rows(one) == rows(other))
            }
        }
        #expect(together.reduce(0) { $0 + $1.rowCount } > 10)
    }

    @Test(arguments: retiring, [1, 2] as [UInt64])
    func countersAddUpWhereRowsRetire(scenario: Scenario, seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let pool = ClusteredKeys(
            count: scenario.keyCount, homes: scenario.homes, tags: scenario.tags,
            isWide: scenario.isWide, &random)
        let partitions = try partitions(scenario)
        var total = PushOutcome()
        for now in 0..<160 as Range<UInt32> {
            let batch = batch(pool, scenario, partitions, &random)
            let outcome = batch.push(to: partitions, now: now)
            #expect(
                outcome.applied + outcome.refusedAtLimit + outcome.refusedNotFinite
                    == batch.keyCount)
            total.add(outcome)
            disturb(pool, partitions, [], &random)
            for partition in partitions {
                if now % 8 == 7 { #expect(partition.store.indexFaults == []) }
                #expect(partition.rowCount <= scenario.limits.rows)
                let counters = partition.counters
                #expect(
                    partition.rowCount
                        == Int(counters.created - counters.retired - counters.removed))
            }
            #expect(
                bits(batch.pull(from: partitions)) == bits(batch.pullOneByOne(from: partitions)))
        }
        let counters = partitions.map(\.counters)
        #expect(counters.reduce(0) { $0 + $1.applied } == UInt64(total.applied))
        #expect(counters.reduce(0) { $0 + $1.created } == UInt64(total.created))
        #expect(counters.reduce(0) { $0 + $1.refusedAtLimit } == UInt64(total.refusedAtLimit))
        #expect(counters.reduce(0) { $0 + $1.clipped } == UInt64(total.clipped))
        #expect(counters.reduce(0) { $0 + $1.retired } > 0)
    }

    private func zeros(_ partition: TablePartition) -> Int {
        var zeros = 0
        _ = partition.store.chunks.visit(from: 0, limit: .max) { zeros += partition.zeros(of: $1) }
        return zeros
    }

    /// Keys and bits of all rows.
    private func rows(_ partition: TablePartition) -> [[UInt64]: [UInt32]] {
        var rows: [[UInt64]: [UInt32]] = [:]
        let store = partition.store.shapes
        _ = partition.store.chunks.visit(from: 0, limit: .max) { _, row in
            let header = row.header.pointee
            let shape = header.flags.contains(.narrow) ? store[0] : store[store.count - 1]
            let words =
                (shape.weightOffset / 4..<shape.stateOffset / 4 + shape.optimizer.stateCount)
                .map { row.load(fromByteOffset: 4 * $0, as: UInt32.self) }
            let high = partition.store.keys.isWide ? [partition.store.keys.high(of: row)] : []
            rows[[header.key] + high] =
                [header.show.bitPattern, header.click.bitPattern, header.lastSeen, header.step]
                + words
        }
        return rows
    }
}
