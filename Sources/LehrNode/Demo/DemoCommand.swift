import ArgumentParser
import FoundationEssentials
import Glibc
import LehrCore
import LehrModel

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run a whole cluster on this machine: train, export, serve, measure.",
        discussion: """
            Starts a coordinator, shards, workers and a serving process on loopback, submits a job \
            through the coordinator, follows it, exports the model, asks serving for \
            recommendations over HTTP and prints a summary. Everything is stopped and removed at \
            the end unless --keep is given.
            """)

    @Option(
        help: """
            Ratings to train on: a layout that `lehr data prepare` understands, or a prepared data \
            set. Without it, data is generated.
            """)
    var data: String?
    @Option(help: "The job file.")
    var job = "Examples/two-tower.yaml"
    @Option(help: "Shard processes.")
    var shards = 2
    @Option(help: "Worker processes.")
    var workers = 2
    @Flag(help: "Leave the cluster running and say where.")
    var keep = false
    @Option(name: .customLong("json"), help: "Also write the summary to this file, as JSON.")
    var jsonFile: String?

    func validate() throws {
        guard (1...16).contains(shards) else { throw ValidationError("--shards: expected 1 to 16") }
        guard (1...16).contains(workers) else {
            throw ValidationError("--workers: expected 1 to 16")
        }
    }

    func run() async throws {
        let spec = try LocalFileSystem().read(job, limit: JobDocument.sizeLimit)
        let folder = FileManager.default.temporaryDirectory.path + "/lehr-demo-\(getpid())"
        try LocalFileSystem().createDirectory(folder)
        let cluster = LocalCluster(folder: folder)
        let interrupts = Interrupts {
            cluster.killAll()
            try? LocalFileSystem().remove(folder)
        }
        defer { withExtendedLifetime(interrupts) {} }
        do {
            let demo = Demo(
                cluster: cluster, folder: folder, data: data,
                spec: String(decoding: spec, as: UTF8.self), shards: shards, workers: workers)
            let summary = try await demo.run()
            if let jsonFile { try write(summary, to: jsonFile) }
        } catch {
            await cluster.stop()
            if cluster.isEmpty {
                try? LocalFileSystem().remove(folder)
            } else {
                print("\nThe logs are in \(folder).")
            }
            throw error
        }
        if keep {
            cluster.describe()
        } else {
            await cluster.stop()
            try LocalFileSystem().remove(folder)
            print("\nEverything is stopped.")
        }
    }

    private func write(_ summary: DemoSummary, to path: String) throws {
        let text = try Formatting.json(summary)
        let writer = try LocalFileSystem().create(path)
        try Array((text + "\n").utf8).withUnsafeBytes { try writer.write($0) }
        try writer.finish()
    }
}
