import LehrCore
import Testing

@testable import LehrTable

@Suite struct StorageValidationTests {
    private static func spec(
        keys: KeySpace = .hashed, dimension: Int = 8, _ storage: RowStorage,
        wire: WireFormat = WireFormat()
    ) -> TableSpec {
        var spec = TableSpec.sample(keys: keys, dimension: dimension)
        spec.storage = storage
        spec.wire = wire
        return spec
    }

    private static func narrow(_ width: Int, _ shows: Float) -> RowStorage {
        RowStorage(narrow: NarrowRows(width: width, untilShows: shows))
    }

    @Test(arguments: [
        RowStorage(keyWidth: .bits128), narrow(1, 0.5), narrow(7, 1e9),
        RowStorage(numbers: .float16), RowStorage(numbers: .bfloat16, atLimit: .retire),
        RowStorage(rowLimit: 1024), RowStorage(rowLimit: 1 << 40),
    ]) func soundStorageIsAccepted(storage: RowStorage) throws {
        try Self.spec(storage).validateForTraining()
    }

    @Test(arguments: [
        (spec(narrow(0, 1)), "storage.narrow.width"), (spec(narrow(8, 1)), "storage.narrow.width"),
        (spec(narrow(.min, 1)), "storage.narrow.width"),
        (spec(dimension: 1, narrow(1, 1)), "storage.narrow"),
        (spec(narrow(4, 0)), "storage.narrow.untilShows"),
        (spec(narrow(4, -1)), "storage.narrow.untilShows"),
        (spec(narrow(4, .infinity)), "storage.narrow.untilShows"),
        (spec(narrow(4, .nan)), "storage.narrow.untilShows"),
        (spec(keys: .rows(10), RowStorage(keyWidth: .bits128)), "storage.keyWidth"),
        (spec(RowStorage(keyWidth: .bits128), wire: WireFormat(keys: .delta)), "wire.keys"),
        (spec(RowStorage(rowLimit: 0)), "storage.rowLimit"),
        (spec(RowStorage(rowLimit: 1023)), "storage.rowLimit"),
        (spec(RowStorage(rowLimit: .max)), "storage.rowLimit"),
    ]) func anImpossibleOneIsNamed(spec: TableSpec, field: String) {
        let error = #expect(throws: TableSpecError.self) { try spec.validate() }
        #expect(error?.field == field)
    }

    @Test func rowsOfInt8AreReadAndNotTrained() throws {
        let spec = Self.spec(RowStorage(numbers: .int8))
        try spec.validate()
        let error = #expect(throws: TableSpecError.self) { try spec.validateForTraining() }
        #expect(error?.field == "storage.numbers")
    }

    /// No partition is full before the table is, by far: four deviations of its share.
    @Test(arguments: [1024, 5000, 1 << 20, 1 << 30] as [UInt64], [2, 16, 4096])
    func partitionsHaveAMarginForChance(rows: UInt64, partitions: Int) {
        let limits = PartitionLimits(of: RowStorage(rowLimit: rows), partitions: partitions)
        let share = Double(rows) / Double(partitions)
        #expect(Double(limits.rows) >= share + 4 * share.squareRoot() - 1)
        #expect(Double(limits.rows) <= 1.0625 * share + 66)
    }

    @Test func oneHasAllAndWithoutALimitAllHaveAll() {
        #expect(PartitionLimits(of: RowStorage(rowLimit: 5000), partitions: 1).rows == 5000)
        #expect(PartitionLimits(of: RowStorage(), partitions: 16) == PartitionLimits())
    }
}
