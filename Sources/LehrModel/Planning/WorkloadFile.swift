import LehrCore
package import LehrTable
import LehrYAML

/// The tables of a job as a file describes them for a plan: how large they are expected to become, how
/// often they are asked, and, where that is known, what was measured and where partitions are.
package struct WorkloadFile: Sendable {
    package struct Table: Sendable {
        package var spec: TableSpec
        /// Expected.
        package var rows: Double
        /// As the table is cut; a power of two.
        package var partitions: Int
        /// As finely as it may be cut.
        package var partitionsMax: Int
        /// Keys that a partition is expected to be asked for in a second, and to be pushed to.
        package var keysPerSecond: Double
        /// Keys that are pulled from each partition in a second; empty where that was not measured.
        package var pulls: [Double]
        package var pushes: [Double]
        /// `SHARD/CORE` of each partition; empty where nothing is placed yet.
        package var owners: [String]
    }

    package var name: String
    package var tables: [Table]

    package static let tablesMax = 10_000

    /// - Throws: every problem found, each with its key path and line.
    package init(yaml text: String) throws(JobSpecError) {
        let problems = ProblemCollector()
        let root = JobDocument.parse(text, problems, named: "job file")
        guard let root else { throw JobSpecError(problems: problems.problems) }
        let file = JobSection(root, path: "", problems: problems)
        name = file.text("name", limit: 64)
        let batches = file.number("batches-per-second", in: 1e-3...1e9, default: 1.0)
        if !file.has("batches-per-second") {
            file.report("batches-per-second", "missing; expected a number, of all workers together")
        }
        tables = file.sections("tables", limit: Self.tablesMax).map { Self.table($0, batches) }
        file.finish()
        var names = Set<String>()
        for table in tables where !names.insert(table.spec.name).inserted {
            file.report(
                "tables", "the name \(quoted(table.spec.name)) is given to more than one table")
        }
        guard problems.problems.isEmpty else { throw JobSpecError(problems: problems.problems) }
    }

    private static func table(_ section: JobSection, _ batches: Double) -> Table {
        defer { section.finish() }
        let rows = section.required("rows", in: 1...Int(TableSpec.maximumDenseRows))
        let isDense = section.flag("dense", default: false)
        let dimension = section.required("dimension", in: 1...TableSpec.maximumDimension)
        let spec = TableSpec(
            name: section.text("name", limit: 256),
            keys: isDense ? .rows(UInt64(rows)) : .hashed, dimension: dimension,
            initializer: .zeros,
            optimizer: section.optimizer(
                "optimizer",
                default: Optimizer(rule: .adagrad(initialAccumulator: 1e-6), learningRate: 0.1)),
            storage: RowStorage(numbers: section.trainedNumbers("numbers")), seed: 1,
            wire: section.wireFormat("wire", dimension: dimension))
        let partitions = section.powerOfTwo("partitions", from: 1, default: 16)
        let finest = section.powerOfTwo("partitions-max", from: partitions, default: partitions)
        // A dense variable is read whole by each batch, of another each key is some partition's.
        if isDense { section.refuse("keys-per-batch", "each batch reads a dense variable whole") }
        let keys =
            isDense ? Double(rows) : section.number("keys-per-batch", in: 0...1e9, default: 0.0)
        if !isDense, !section.has("keys-per-batch") {
            section.report("keys-per-batch", "missing; expected the distinct keys of a batch")
        }
        let measured = section.section("measured")
        defer { measured.finish() }
        return Table(
            spec: spec, rows: Double(rows), partitions: partitions, partitionsMax: finest,
            keysPerSecond: keys * batches / Double(partitions),
            pulls: measured.numbers("pulls", in: 0...1e12, count: partitions) ?? [],
            pushes: measured.numbers("pushes", in: 0...1e12, count: partitions) ?? [],
            owners: section.words("owners", count: partitions, expected: "SHARD/CORE") ?? [])
    }
}
