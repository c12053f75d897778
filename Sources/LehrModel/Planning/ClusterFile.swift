import LehrYAML

/// The shards of a cluster as a file describes them, for a plan without the cluster.
package struct ClusterFile: Sendable {
    package struct Shard: Sendable {
        package var name: String
        package var cores: Int
        /// Bytes of the tables of all cores.
        package var memory: Double
        /// Bytes a second, both ways together.
        package var network: Double
    }

    package var shards: [Shard]
    package var costs: KeyCosts

    package static let shardsMax = 10_000
    package static let coresMax = 16_384

    /// - Throws: every problem found, each with its key path and line.
    package init(yaml text: String) throws(JobSpecError) {
        let problems = ProblemCollector()
        let root = JobDocument.parse(text, problems, named: "cluster file")
        guard let root else { throw JobSpecError(problems: problems.problems) }
        let file = JobSection(root, path: "", problems: problems)
        var shards: [Shard] = []
        for section in file.sections("shards", limit: Self.shardsMax) {
            Self.add(section, to: &shards)
        }
        let costs = file.section("costs")
        self.costs = KeyCosts(
            pull: costs.number("pull-nanoseconds", in: 1...1e6, default: KeyCosts.usual.pull),
            push: costs.number("push-nanoseconds", in: 1...1e6, default: KeyCosts.usual.push))
        costs.finish()
        file.finish()
        var names = Set<String>()
        for shard in shards where !names.insert(shard.name).inserted {
            file.report("shards", "the name \(quoted(shard.name)) is given to more than one shard")
        }
        let cores = shards.reduce(0) { $0 + $1.cores }
        if shards.count > Self.shardsMax || cores > Self.coresMax {
            file.report(
                "shards",
                "at most \(Self.shardsMax) shards with \(Self.coresMax) cores in all, found "
                    + "\(shards.count) with \(cores)")
        }
        self.shards = shards
        guard problems.problems.isEmpty else { throw JobSpecError(problems: problems.problems) }
    }

    /// One shard, or `count` alike: `NAME-0`, `NAME-1` and so on.
    private static func add(_ section: JobSection, to shards: inout [Shard]) {
        defer { section.finish() }
        let name = section.text("name", limit: 64)
        if name.contains("/") {
            section.report("name", "without \"/\", as owners are SHARD/CORE, found \(quoted(name))")
        }
        let shard = Shard(
            name: name, cores: section.required("cores", in: 1...1024),
            memory: section.amount(
                "memory", units: [("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40)],
                example: "64GiB"),
            network: section.amount(
                "network", units: [("Mbit", 1e6 / 8), ("Gbit", 1e9 / 8)], example: "10Gbit"))
        guard section.has("count") else { return shards.append(shard) }
        for number in 0..<section.integer("count", in: 1...shardsMax, default: 1) {
            guard shards.count <= shardsMax else { return }
            var numbered = shard
            numbered.name = "\(name)-\(number)"
            shards.append(numbered)
        }
    }
}
