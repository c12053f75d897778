import LehrCore
import Testing

@testable import LehrTable

/// A copy of a partition that is made while it goes on changing is the partition, bit for bit, once
/// nothing changes any more.
@Suite struct CopyTests {
    /// Kinds of rows: one word or two in a key, whole or narrow, rows that are retired.
    private enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case plain, wide, narrow, limited

        var spec: TableSpec {
            var spec = TableSpec.sample(rule: .adagrad(initialAccumulator: 0.1))
            switch self {
            case .plain: break
            case .wide: spec.storage.keyWidth = .bits128
            case .narrow: spec.storage.narrow = NarrowRows(width: 2, untilShows: 3)
            case .limited:
                spec.storage.rowLimit = 1024
                spec.storage.atLimit = .retire
            }
            return spec
        }

        var testDescription: String { rawValue }
    }

    private func partition(
        _ spec: TableSpec, _ limits: PartitionLimits? = nil
    ) throws -> TablePartition {
        try TablePartition(
            spec: spec, range: wholeRange,
            limits: limits ?? PartitionLimits(of: spec.storage, partitions: 1))
    }

    /// Rows by key, with everything that is kept of them.
    private func contents(_ partition: TablePartition) -> [[UInt64]: [String]] {
        var columns = RowColumns(partition.spec.rowFormat)
        partition.beginSnapshot()
        while let images = partition.nextImages(byteLimit: 1 << 16) {
            images.appendColumns(to: &columns)
        }
        var contents: [[UInt64]: [String]] = [:]
        var (row, weight, state) = (0, 0, 0)
        while row < columns.rowCount {
            let (index, weightStart, stateStart) = (row, weight, state)
            columns.skip(&row, &weight, &state)
            let words = columns.keyWords
            contents[Array(columns.keys[index * words..<(index + 1) * words])] = [
                "\(columns.shows[index]) \(columns.clicks[index]) \(columns.lastSeen[index])",
                "\(columns.steps[index]) \(columns.widths[index])",
                "\(columns.weights[weightStart..<weight]) \(columns.states[stateStart..<state])",
            ]
        }
        return contents
    }

    private func push(_ partition: TablePartition, _ random: inout RandomSource, _ now: UInt32) {
        let words = partition.spec.storage.keyWidth.words
        let isLimited = partition.spec.storage.rowLimit != nil
        let count = 1 + random.below(isLimited ? 200 : 20)
        var keys: [UInt64] = []
        for _ in 0..<count {
            keys += [UInt64(random.below(isLimited ? 4000 : 400)), 7].prefix(words)
        }
        let gradients = (0..<count * partition.spec.dimension).map { _ in
            Float(random.below(1000)) / 500 - 1
        }
        let shows = [Float](repeating: 1, count: count)
        keys.withUnsafeBufferPointer { keys in
            gradients.withUnsafeBufferPointer { gradients in
                shows.withUnsafeBufferPointer { shows in
                    _ = partition.push(
                        keys: PackedElements(keys), gradients: PackedElements(gradients),
                        shows: PackedElements(shows), now: now)
                }
            }
        }
    }

    @Test func onlyWhatWasSentIsSentAgain() throws {
        let source = try partition(Kind.plain.spec)
        let keys = Array(UInt64(0)..<100)
        let gradients = [Float](repeating: 1, count: 100 * source.spec.dimension)
        func pushAll() {
            keys.withUnsafeBufferPointer { keys in
                gradients.withUnsafeBufferPointer { gradients in
                    _ = source.push(
                        keys: PackedElements(keys), gradients: PackedElements(gradients), now: 0)
                }
            }
        }
        pushAll()
        source.beginCopy()
        var copy = PartitionCopy()
        #expect(source.next(of: &copy, limit: 40)?.rows.rowCount == 40)
        pushAll()
        pushAll()
        #expect(source.changedCount == 40 && source.left(of: copy) == nil)
        #expect(source.next(of: &copy, limit: 100)?.rows.rowCount == 60)
        #expect(source.next(of: &copy, limit: 30)?.rows.rowCount == 30)
        // Ten of these have yet to be sent as it is.
        pushAll()
        #expect(source.changedCount == 90 && source.left(of: copy) == 100)
        #expect(source.next(of: &copy, limit: 100)?.rows.rowCount == 10)
    }

    @Test(arguments: Kind.allCases, 0..<5)
    private func isExactInTheEnd(kind: Kind, seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let source = try partition(kind.spec)
        let target = try partition(kind.spec, PartitionLimits())
        for turn in 0..<40 { push(source, &random, UInt32(turn)) }
        // One that is given up leaves its flags on rows.
        var abandoned = PartitionCopy()
        source.beginCopy()
        _ = source.next(of: &abandoned, limit: 30)
        push(source, &random, 90)
        source.endCopy()
        source.beginCopy()
        var copy = PartitionCopy()
        var turns = 0
        while turns < 60 || !copy.isCaughtUp || source.changedCount > 0 {
            turns += 1
            if turns < 60 {
                push(source, &random, UInt32(100 + turns))
                let key = UInt64(random.below(400))
                [key, 7].withUnsafeBufferPointer { words in
                    let count = source.spec.storage.keyWidth.words
                    _ = source.remove(keys: PackedElements(words).part(0..<count))
                }
            }
            if let moved = source.next(
                of: &copy, limit: 1 + random.below(kind == .limited ? 1024 : 50))
            {
                try target.take(moved)
            }
        }
        #expect(source.next(of: &copy, limit: 10) == nil)
        source.endCopy()
        target.goOn(
            after: source.pushCount, source.counters,
            limits: PartitionLimits(of: kind.spec.storage, partitions: 1))
        #expect(!source.hasLostSnapshot && copy.rounds > 1)
        #expect(contents(target) == contents(source))
        #expect(target.pushCount == source.pushCount && target.counters == source.counters)
        if kind == .limited { #expect(source.counters.retired > 0) }
        if kind == .narrow { #expect(source.counters.widened > 0) }
        // Both go on alike.
        var (first, second) = (RandomSource(seed: 9), RandomSource(seed: 9))
        guard kind != .limited else { return }
        for turn in 0..<20 {
            push(source, &first, UInt32(500 + turn))
            push(target, &second, UInt32(500 + turn))
        }
        #expect(contents(target) == contents(source))
    }

    @Test func rowsStayWhereTheyAreMeanwhile() throws {
        let source = try partition(Kind.plain.spec)
        source.beginCopy()
        source.beginCopy()
        #expect(source.scanCount == 1)
        source.endCopy()
        source.endCopy()
        #expect(source.scanCount == 0 && source.hasLostChanges)
    }
}
