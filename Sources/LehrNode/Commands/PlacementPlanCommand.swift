import ArgumentParser
import LehrCore
import LehrModel
import LehrPlacement

/// `lehr placement plan`: where tables would go, without a cluster.
struct PlacementPlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Work out where tables should be, without a cluster.",
        discussion: """
            Reads which shards there are and which tables, how large these will become and how often \
            they are asked, and looks for the placement that loads the most loaded core least. Where \
            the job files say who owns what now, it says what would move. Nothing is changed. See \
            Examples/placement.
            """)

    @Option(help: "A file that describes the shards, YAML.")
    var cluster: String
    @Option(parsing: .upToNextOption, help: "Files that describe the tables of a job each, YAML.")
    var job: [String]
    @Option(help: "Also write a picture of the loads before and after.")
    var svg: String?
    @OptionGroup var search: SearchFlags
    @Flag(help: "Print JSON for programs instead of text for people.")
    var json = false

    static let jobsMax = 256

    func validate() throws {
        guard job.count <= Self.jobsMax else {
            throw ValidationError("--job: \(job.count) files; at most \(Self.jobsMax)")
        }
    }

    func run() throws {
        let shards = try Self.read(cluster) { text throws(JobSpecError) in
            try ClusterFile(yaml: text)
        }
        let jobs = try job.map { file in
            let job = try Self.read(file) { text throws(JobSpecError) in
                try WorkloadFile(yaml: text)
            }
            return (file: file, job: job)
        }
        let report = try plan(try PlanInput(shards, jobs))
        if let svg { try PlanPicture(report).write(to: svg) }
        print(json ? try Formatting.json(report) : PlanText.describe(report))
        if report.obstacle != nil { throw ExitCode(1) }
    }

    private func plan(_ input: PlanInput) throws -> PlanReport {
        var problem = input.problem
        if problem.leastMovedBytes > 0 { problem.movedBytesMax = 1.3 * problem.leastMovedBytes }
        guard let outcome = search.outcome(of: problem) else {
            throw ConfigError(problems: [
                "\(cluster): shards: there is no core to place anything on"
            ])
        }
        return PlanReport(input, outcome)
    }

    private static func read<Value>(
        _ path: String, _ parse: (String) throws(JobSpecError) -> Value
    ) throws(ConfigError) -> Value {
        let bytes: [UInt8]
        do {
            bytes = try LocalFileSystem().read(path, limit: JobDocument.sizeLimit)
        } catch {
            throw ConfigError(problems: [error.description])
        }
        do {
            return try parse(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ConfigError(problems: error.problems.map { "\(path): \($0)" })
        }
    }
}
