import LehrCore
import Testing

@testable import LehrTable

@Suite struct RestoreTests {
    private let spec = TableSpec.sample(
        dimension: 3, rule: .adagrad(initialAccumulator: 0.1), seed: 5)

    private func snapshot(_ spec: TableSpec, keys: Int) throws -> RowColumns {
        let partition = try TablePartition(spec: spec, range: wholeRange)
        partition.push(
            (0..<keys).map { UInt64($0) },
            (0..<keys * spec.dimension).map { Float($0 % 7) - 3 })
        var columns = RowColumns(spec.rowFormat)
        partition.beginSnapshot()
        while let images = partition.nextImages(byteLimit: 4096) {
            images.appendColumns(to: &columns)
        }
        return columns
    }

    @Test func rowsOfAnotherKindOfTableAreRefused() throws {
        let columns = try snapshot(spec, keys: 10)
        var short = spec
        short.storage.numbers = .float16
        var other = spec
        other.optimizer.rule = .sgd
        var wider = spec
        wider.dimension = 4
        for (spec, words) in [(short, "f16"), (other, "floats of state"), (wider, "3 values")] {
            let partition = try TablePartition(spec: spec, range: wholeRange)
            let error = #expect(throws: RestoreError.self) { try partition.restore(columns) }
            #expect(error?.description.contains(words) == true)
            #expect(partition.rowCount == 0)
        }
    }

    @Test(arguments: [NumberFormat.float32, .float16, .bfloat16])
    func whatIsNotFiniteIsRefused(numbers: NumberFormat) throws {
        var spec = spec
        spec.storage.numbers = numbers
        let columns = try snapshot(spec, keys: 10)
        let partition = try TablePartition(spec: spec, range: wholeRange)
        #expect(try partition.restore(columns) == 10)
        var (states, weights, shows) = (columns, columns, columns)
        states.states[4] = .nan
        shows.shows[9] = .infinity
        let bytes = numbers.valueBytes
        for byte in 0..<bytes { weights.weights[2 * bytes + byte] = 0xFF }
        for (rows, column) in [(states, "states"), (weights, "weights"), (shows, "shows")] {
            #expect(throws: RestoreError.notFinite(table: "sample", column: column)) {
                try partition.restore(rows)
            }
        }
    }

    @Test func withoutRoomTheRowsBeforeStay() throws {
        let columns = try snapshot(spec, keys: 100)
        let partition = try TablePartition(
            spec: spec, range: wholeRange, limits: PartitionLimits(rows: 60))
        #expect(throws: RestoreError.noRoom(table: "sample", restored: 60)) {
            try partition.restore(columns)
        }
        #expect(partition.rowCount == 60)
    }

    @Test func rowsThatAreThereAreReplaced() throws {
        let columns = try snapshot(spec, keys: 50)
        let partition = try TablePartition(spec: spec, range: wholeRange)
        partition.push([7, 1000], [9, 9, 9, 9, 9, 9])
        #expect(try partition.restore(columns) == 50)
        #expect(partition.rowCount == 51)
        let other = try TablePartition(spec: spec, range: wholeRange)
        try other.restore(columns)
        #expect(bits(partition.pull([7, 8])) == bits(other.pull([7, 8])))
    }

    @Test func aLogThatIsFullGivesTheSnapshotUp() throws {
        let spec = TableSpec.sample(dimension: 4096, initializer: .constant(0), rate: 1)
        let partition = try TablePartition(spec: spec, range: wholeRange)
        let keys = (0..<UInt64(SnapshotLog.byteLimit / 16_384 + 100)).map { $0 }
        let gradient = [Float](repeating: 1, count: 4096)
        for key in keys { partition.push([key], gradient) }
        partition.beginSnapshot()
        for key in keys { partition.push([key], gradient) }
        #expect(partition.hasLostSnapshot)
        #expect(partition.nextImages(byteLimit: 1 << 20) == nil)
        #expect(!partition.isInSnapshot)
        // The next one is whole.
        partition.beginSnapshot()
        var rows = 0
        while let images = partition.nextImages(byteLimit: 1 << 20) { rows += images.rowCount }
        #expect(rows == keys.count && !partition.hasLostSnapshot)
    }
}
