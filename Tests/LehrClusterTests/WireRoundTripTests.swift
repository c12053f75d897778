import CLehrWire
import LehrCluster
import LehrCore
import LehrMembership
import LehrTable
import LehrTestKit
import LehrWire
import Testing

/// Everything that crosses the wire comes out as it went in.
@Suite struct WireRoundTripTests {
    private func through<M: WireMessage, Value>(
        _ type: M.Type, _ fill: (inout M, WireArena) -> Void,
        _ read: (UnsafePointer<M>) throws -> Value
    ) throws -> Value {
        let arena = WireArena()
        defer { withExtendedLifetime(arena) {} }
        return try read(try M.decode(M.encode(fill), in: arena))
    }

    private func through(_ map: ClusterMap) throws -> ClusterMap {
        try through(Wire.ClusterMap.self, { map.fill(&$0, $1) }) {
            try ClusterMap(wire: $0.pointee)
        }
    }

    @Test func aMapWithEveryField() throws {
        var tables = [
            MapFixture.table(id: 3, job: 8, bits: 4, owners: [(5, 1), (9, 0)], dimension: 64),
            MapFixture.table(id: 4, job: .max, keys: .rows(1 << 40), bits: 0, owners: [(.max, 3)]),
            MapFixture.table(id: .max, bits: 16, owners: [(5, 0)], incarnation: 1 << 60),
        ]
        tables[0].spec.initializer = .uniform(low: -0.1, high: 0.3)
        tables[0].spec.optimizer = Optimizer(
            rule: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), learningRate: 1e-3, l2: 1e-5)
        tables[0].spec.seed = .max
        tables[0].spec.wire = WireFormat(rows: .float16, gradients: .int8, keys: .delta)
        tables[2].spec.wire = WireFormat(rows: .bfloat16)
        tables[0].spec.storage = RowStorage(
            numbers: .float16, narrow: NarrowRows(width: 9, untilShows: 2.5), atLimit: .retire,
            rowLimit: 1 << 40)
        tables[2].spec.storage = RowStorage(keyWidth: .bits128, numbers: .int8)
        tables[1].spec.initializer = .normal(deviation: 0.7)
        tables[1].spec.optimizer = Optimizer(
            rule: .adagrad(initialAccumulator: 1e-10), learningRate: 0.2)
        var members = [5, 9, .max].map { MapFixture.member($0, cores: 2) }
        members[1].role = .worker
        members[2].role = .serving
        members[2].coreAddresses = []
        members[2].httpAddress = "häuser:80"
        let map = ClusterMap(
            cluster: ClusterID(0xABCD_EF01_2345_6789), version: 99, members: members,
            tables: tables)
        #expect(try through(map) == map)
        let empty = ClusterMap(cluster: ClusterID(0), version: 0, members: [], tables: [])
        #expect(try through(empty) == empty)
    }

    @Test func storageUnknownHereIsRefused() {
        func refused(_ expected: String, _ change: (inout Wire.RowStorage) -> Void) {
            do {
                _ = try through(Wire.TableSpec.self) { wire, arena in
                    var spec = MapFixture.table(bits: 0, owners: [(1, 0)]).spec
                    spec.storage.numbers = .float16
                    spec.fill(&wire, arena)
                    change(&wire.storage.pointee)
                } _: {
                    try TableSpec(wire: $0.pointee)
                }
                Issue.record("\(expected): should be refused")
            } catch { #expect("\(error)".contains(expected)) }
        }
        refused("keys of 3 words") { $0.key_words = 3 }
        refused("keys of 4294967295 words") { $0.key_words = .max }
        refused("format of numbers 4") { $0.numbers = .init(rawValue: 4) }
        refused("policy at the limit 2") { $0.at_limit = .init(rawValue: 2) }
    }

    @Test func aMapThatDoesNotTileTheBucketsIsRefused() throws {
        let table = MapFixture.table(bits: 2, owners: [(5, 0)])
        func refused(_ change: (inout PlacedTable) -> Void) {
            var table = table
            change(&table)
            let map = MapFixture.map([table], members: [])
            #expect(throws: TranslationError.self) { try through(map) }
        }
        refused { $0.partitions = [] }
        refused { $0.partitions.removeLast() }
        refused { $0.partitions.swapAt(0, 1) }
        refused { $0.partitions.append($0.partitions[0]) }
        refused { $0.partitions[1].range = BucketRange.even(bits: 3)[2] }
        #expect(throws: TranslationError.self) {
            let members = [MapFixture.member(2, cores: 1), MapFixture.member(2, cores: 1)]
            return try through(MapFixture.map([], members: members))
        }
    }

    /// Ranges whose end is beyond 32 bits must not be added up.
    @Test func bucketsBeyondAllBoundsAreRefused() {
        for (first, count) in [
            (UInt32.max, 1), (0xFFFF_0000, 0x1_0000), (0, .max), (1 << 31, 1 << 31),
        ]
            as [(UInt32, UInt32)]
        {
            #expect(throws: TranslationError.self) {
                try through(Wire.Table.self) { wire, arena in
                    wire.spec = arena.make(Wire.TableSpec.self) { spec, arena in
                        MapFixture.table(bits: 0, owners: [(1, 0)]).spec.fill(&spec, arena)
                    }
                    (wire.n_partitions, wire.partitions) = arena.list([0]) {
                        (_: Int, partition: inout Wire.Partition, _: WireArena) in
                        partition.first_bucket = first
                        partition.bucket_count = count
                    }
                } _: {
                    try PlacedTable(wire: $0.pointee)
                }
            }
        }
    }

    @Test func aTaskWithEveryField() throws {
        for kind in [TaskLease.Kind.train, .evaluate] {
            let task = TaskLease(
                kind: kind, job: JobID(.max), generation: 2, part: 3, epoch: 4, attempt: 5,
                path: "/data/ä/train-00000.tsv.gz", firstBatch: .max, partFloor: 7)
            let received = try through(Wire.Task.self, { task.fill(&$0, $1) }) {
                TaskLease(wire: $0.pointee)
            }
            #expect(received == task)
        }
        #expect(try through(Wire.Task.self, { _, _ in }) { TaskLease(wire: $0.pointee) } == nil)
    }

    private var report: TaskReport {
        var report = TaskReport(
            of: TaskLease(
                kind: .evaluate, job: JobID(1 << 63), generation: 2, part: 3, epoch: 4, attempt: 5,
                path: "", firstBatch: 0, partFloor: 0))
        (report.floor, report.batches, report.samples) = (6, 6, 1 << 40)
        (report.lossSum, report.lossSamples) = (-1.25, 9)
        (report.malformedLines, report.bytesPulled, report.bytesPushed) = (10, 11, 12)
        (report.isDone, report.failure) = (true, "why: ü")
        (report.metricName, report.metric) = ("auc", 0.875)
        report.placement = PartitionIncarnation(13)
        return report
    }

    private func through(_ report: TaskReport) throws -> TaskReport {
        try through(Wire.ReportTaskRequest.self, { report.fill(&$0, $1) }) {
            try TaskReport(wire: $0.pointee)
        }
    }

    @Test func aReportWithEveryField() throws { #expect(try through(report) == report) }

    @Test func aReportThatCannotBeTrueIsRefused() {
        func refused(_ expected: String, _ change: (inout TaskReport) -> Void) {
            var report = report
            change(&report)
            do {
                _ = try through(report)
                Issue.record("\(expected): should be refused")
            } catch { #expect("\(error)".contains(expected)) }
        }
        refused("floor is 7") { $0.floor = 7 }
        refused("is not done") { $0.floor = 5 }
        refused("batches") { ($0.batches, $0.floor) = (.max, .max) }
        refused("samples") { $0.samples = .max }
        refused("loss_samples") { $0.lossSamples = .max }
        refused("malformed_lines") { $0.malformedLines = 1 << 41 }
        refused("bytes_pulled") { $0.bytesPulled = .max }
        refused("bytes_pushed") { $0.bytesPushed = .max }
        refused("not a number") { $0.metric = .nan }
        refused("not a number") { $0.lossSum = -.infinity }
        #expect(throws: TranslationError.self) {
            try through(Wire.ReportTaskRequest.self, { _, _ in }) {
                try TaskReport(wire: $0.pointee)
            }
        }
    }

    @Test func aJobWithEveryField() throws {
        for state in [JobState.running, .completed, .failed, .stopped] {
            var status = JobStatus(id: JobID(5), name: "näme", state: state)
            (status.message, status.generation, status.spec) = ("m", 3, "a: b\n")
            (status.submittedUnixMilliseconds, status.epoch, status.epochs) = (.max, 1, 2)
            (status.partsDone, status.parts) = (3, 4)
            (status.samplesDone, status.samples, status.samplesPerSecond) = (5, 6, 7.5)
            (status.loss, status.metricName, status.metric) = (8.5, "auc", 0.25)
            (status.metricEpoch, status.batchesDone, status.batches) = (9, 10, 11)
            (status.malformedLines, status.bytesPulled, status.bytesPushed) = (12, 13, 14)
            (status.seconds, status.workers) = (15.5, 16)
            let received = try through(Wire.Job.self, { status.fill(&$0, $1) }) {
                try JobStatus(wire: $0.pointee)
            }
            #expect(received == status)
        }
        #expect(throws: TranslationError.self) {
            try through(Wire.Job.self, { _, _ in }) { try JobStatus(wire: $0.pointee) }
        }
    }

    @Test func anIdentityWithEveryField() throws {
        let identity = PushIdentity(
            job: JobID(1 << 50), generation: 2, part: .max, batch: 1 << 40, floor: 3, attempt: 4,
            partFloor: 5)
        let received = try through(Wire.PushIdentity.self, { wire, _ in identity.fill(&wire) }) {
            PushIdentity(wire: $0.pointee)
        }
        #expect(received == identity)
    }

    @Test func mutatedMapsAreReadOrRefused() {
        let map = MapFixture.map(
            [
                MapFixture.table(bits: 3, owners: [(1, 0), (2, 1)]),
                MapFixture.table(id: 2, keys: .rows(9), bits: 1, owners: [(1, 0)]),
            ], members: [MapFixture.member(1, cores: 2), MapFixture.member(2, cores: 2)])
        let valid = Wire.ClusterMap.encode { map.fill(&$0, $1) }
        var (read, refused) = (0, 0)
        for seed in 1...3000 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            var bytes = valid
            bytes.mutate(&random)
            let arena = WireArena()
            do {
                let map = try ClusterMap(wire: try Wire.ClusterMap.decode(bytes, in: arena).pointee)
                for table in map.tables {
                    _ = KeyRoute([0, 1, .max, 1 << 40], to: table)
                    for partition in table.partitions { _ = map.address(of: partition) }
                }
                read += 1
            } catch { refused += 1 }
            withExtendedLifetime(arena) {}
        }
        #expect(read > 100 && refused > 100)
    }
}
