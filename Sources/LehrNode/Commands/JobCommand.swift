import ArgumentParser
import LehrCluster
import LehrCore
import LehrMembership
import LehrModel

struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job",
        abstract: "Submit, follow and stop training jobs.",
        subcommands: [Submit.self, List.self, Status.self, Watch.self, Stop.self])

    struct Submit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Submit a job file.",
            discussion: """
                The coordinator checks the file and names every problem at once. The data set that \
                it names must be readable by the coordinator and the workers under that path.
                """)

        @OptionGroup var client: ClientFlags
        @Argument(help: "A job file, YAML; see Examples/two-tower.yaml.")
        var file: String
        @Option(help: "Train on this data set instead of the one that the file names.")
        var data: String?
        @Flag(help: "Follow the job until it ends.")
        var watch = false

        func run() async throws {
            let bytes = try LocalFileSystem().read(file, limit: JobDocument.sizeLimit)
            let spec = try JobFile.text(String(decoding: bytes, as: UTF8.self), data: data)
            let job = try await ControlClient.with(client.settings) { try await $0.submit(spec) }
            guard watch else {
                print(
                    client.json
                        ? try Formatting.json(job) : "submitted job \(job.id.value) (\(job.name))")
                return
            }
            try await JobProgress(json: client.json).follow("\(job.id.value)", at: client.settings)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the jobs.")

        @OptionGroup var client: ClientFlags

        func run() async throws {
            let jobs = try await ControlClient.with(client.settings) { try await $0.jobs() }
            if client.json { return print(try Formatting.json(jobs)) }
            guard !jobs.isEmpty else { return print("no jobs; `lehr job submit FILE` starts one") }
            var table = TextTable([
                ("job", .right), ("name", .left), ("state", .left), ("epoch", .right),
                ("samples", .right), ("samples/s", .right), ("loss", .right), ("metric", .left),
                ("time", .right),
            ])
            for job in jobs { table.add(JobText.row(job)) }
            print(table.text)
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one job, with what its tables hold.")

        @OptionGroup var client: ClientFlags
        @Argument(help: "A job's number or name.")
        var job: String

        func run() async throws {
            let (status, tables, memory) = try await ControlClient.with(client.settings) { client in
                let status = try await client.job(job)
                do { try client.requireShards() } catch {
                    Self.note("the job's tables are not shown: \(error)")
                    return (status, [TableReport](), [CoreMemory]())
                }
                let map = try await client.map()
                var counts: [CoreCount] = []
                for answer in await client.statistics(of: status.id, on: map) {
                    // A shard that is gone must not hide what others know.
                    do { counts.append(try answer.get()) } catch {
                        Self.note("what a shard has is not counted: \(error)")
                    }
                }
                let tables = JobText.tables(
                    map.tables(of: status.id), counts.flatMap(\.partitions))
                return (status, tables, counts.map(\.memory))
            }
            if client.json {
                return print(
                    try Formatting.json(JobReport(job: status, tables: tables, memory: memory)))
            }
            print(JobText.describe(status))
            guard !tables.isEmpty else { return }
            print("\n" + JobText.describe(tables))
            print("\n" + JobText.describe(memory))
        }

        private static func note(_ text: String) {
            StandardError.write("\(text)\n")
        }
    }

    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow a job until it ends.",
            discussion: "With --json, one object a line. Exits with 1 when the job failed.")

        @OptionGroup var client: ClientFlags
        @Argument(help: "A job's number or name.")
        var job: String

        func run() async throws {
            try await JobProgress(json: client.json).follow(job, at: client.settings)
        }
    }

    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop a job; what it has learned stays and can be exported.")

        @OptionGroup var client: ClientFlags
        @Argument(help: "A job's number or name.")
        var job: String

        func run() async throws {
            let status = try await ControlClient.with(client.settings) { try await $0.stop(job) }
            print(
                client.json
                    ? try Formatting.json(status)
                    : "job \(status.id.value) (\(status.name)) is \(status.state.rawValue)")
        }
    }
}
