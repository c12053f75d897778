import LehrCore
import Testing

@testable import LehrTable

/// Random operations on a partition and on a dictionary, compared bit for bit.
@Suite struct TableModelTests {
    /// What a run is about.
    struct Scenario: Sendable, CustomTestStringConvertible {
        var name: String
        var spec: TableSpec
        var keyCount: Int
        var limits = PartitionLimits()

        var testDescription: String { name }
    }

    static let scenarios: [Scenario] = {
        var plain = TableSpec.sample(dimension: 3, rule: .adagrad(initialAccumulator: 0.1))
        plain.seed = 3
        var narrow = plain
        narrow.storage.narrow = NarrowRows(width: 1, untilShows: 6)
        var wide = plain
        wide.storage.keyWidth = .bits128
        var short = narrow
        short.storage.numbers = .bfloat16
        var bounded = plain
        bounded.storage.atLimit = .retire
        return [
            Scenario(name: "many keys", spec: plain, keyCount: 20_000),
            Scenario(name: "few keys, often", spec: plain, keyCount: 300),
            Scenario(name: "narrow rows", spec: narrow, keyCount: 6000),
            Scenario(name: "narrow rows of bf16", spec: short, keyCount: 2000),
            Scenario(name: "128-bit keys", spec: wide, keyCount: 6000),
            Scenario(
                name: "a row limit, refusing", spec: plain, keyCount: 6000,
                limits: PartitionLimits(rows: 2000)),
            Scenario(
                name: "a row limit, retiring", spec: bounded, keyCount: 6000,
                limits: PartitionLimits(rows: 2000)),
        ]
    }()

    @Test(arguments: scenarios, [1, 2] as [UInt64])
    func mixedOperations(scenario: Scenario, seed: UInt64) throws {
        var run = try TableModel(
            spec: scenario.spec, limits: scenario.limits, keyCount: scenario.keyCount, seed: seed)
        for _ in 0..<250 { try run.step() }
        try run.checkEverything()
        // Each kind of operation had its turn.
        #expect(run.operations > 15_000)
        #expect(run.snapshotsCompared >= 1)
    }
}
