import LehrCore
import LehrData
import LehrTestKit
import Testing

/// The simulator itself: it replays, it covers its scenarios, and what it compares with is right.
@Suite struct SimulationTests {
    private let workload: Workload

    init() throws { workload = try Workload() }

    @Test func aSeedIsOneCourseOfEvents() {
        func hash(_ seed: UInt64) -> UInt64 {
            let log = EventLog()
            _ = Simulation(.of(seed: 0), seed: seed, workload: workload, log: log).run()
            return log.hash
        }
        // Hashing differs from one dictionary to the next here: none is iterated in a decision.
        #expect(hash(1) == hash(1))
        #expect(hash(1) != hash(2))
    }

    /// Each scenario once; `make simulate` runs hundreds of seeds.
    @Test(arguments: Scenario.all.map(\.name))
    func aScenarioKeepsItsPromise(name: String) throws {
        let scenario = try #require(Scenario.find(name))
        let outcome = Simulation(scenario, seed: 1, workload: workload).run()
        #expect(outcome.violations.isEmpty)
        #expect(outcome.faults.allSatisfy { $0.fired > 0 })
    }

    @Test func scenariosHaveNamesOfTheirOwn() {
        let names = Scenario.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.contains(": ") })
        #expect(Scenario.find("shard, asymmetric") != nil)
        #expect(Scenario.find("network") == nil, "it means several")
    }

    @Test func aRunOfNoEventsFails() {
        var scenario = Scenario("empty: nothing runs long enough")
        scenario.eventCountMin = 1_000_000
        let outcome = Simulation(scenario, seed: 1, workload: workload).run()
        #expect(outcome.violations.count == 1)
        #expect(outcome.violations[0].contains("events"))
    }

    @Test func aClusterThatDoesNotGoOnFails() {
        var scenario = Scenario("empty: there is nobody to work")
        scenario.workers = 0
        let outcome = Simulation(scenario, seed: 1, workload: workload).run()
        #expect(outcome.violations.contains { $0.contains("no job") && $0.contains("60 seconds") })
    }

    @Test func aShardThatMayNotWriteIsNoticed() throws {
        var scenario = try #require(Scenario.find("stops no write"))
        scenario.faults = [.cut(.shard, from: .coordinator)]
        let found = (1...20 as ClosedRange<UInt64>).first { seed in
            let outcome = Simulation(scenario, seed: seed, workload: workload).run()
            return outcome.violations.contains { $0.contains("may not write any more") }
        }
        #expect(found != nil)
    }

    /// The sums that runs are compared with, from the data alone.
    @Test(arguments: Workload.Mode.allCases)
    func theExpectedSumsAreThoseOfTheData(mode: Workload.Mode) throws {
        let dataset = try Dataset(directory: workload.path, files: workload.files)
        var batches: UInt64 = 0
        var shows: [String: Float] = [:]
        for epoch in 0..<Workload.epochs {
            for (index, file) in dataset.train.enumerated() {
                let loader = try BlockLoader(
                    file: workload.path + "/" + file.name, format: dataset.trainFormat,
                    files: workload.files, policy: MalformedLinePolicy(tolerated: 0),
                    byteLimit: 1 << 24)
                var block: Block?
                while block == nil { block = try loader.step(maxLines: 8192) }
                let sequence = BatchSequence(
                    block: try #require(block), batchSize: Workload.batchSize,
                    seed: Workload.seed,
                    epoch: UInt64(epoch), file: index)
                batches += UInt64(sequence.batchCount)
                for number in 0..<sequence.batchCount {
                    let batch = sequence.batch(number, scratch: DistinctScratch())
                    for key in batch.columns[0].distinct { shows["weight/\(key)", default: 0] += 1 }
                }
            }
        }
        let expected = workload.expected(mode)
        #expect(expected.shows == shows)
        #expect(expected.counts["bias[0]"]?.first == batches)
        #expect(expected.weights.count == shows.count + 1)
    }
}
