import Glibc
import LehrCluster
import LehrCore
import LehrData
import LehrMembership

/// The story that `lehr demo` tells, step by step.
struct Demo {
    let cluster: LocalCluster
    let folder: String
    let data: String?
    let spec: String
    let shards: Int
    let workers: Int

    private var files: LocalFileSystem { LocalFileSystem() }
    private var models: String { folder + "/models" }

    func run() async throws -> DemoSummary {
        let dataset = try prepareData()
        let coordinator = try await startCluster()
        let job = try await train(on: dataset, at: coordinator)
        let export = try await export(job, at: coordinator)
        let serving = try await waitForServing()
        try await askThreeUsers(serving, dataset: dataset, model: job.name)
        let figures = try Evaluator(files: files).evaluate(export: export, data: dataset)
        let summary = DemoSummary(job: job, figures: figures, usage: cluster.usage())
        summary.show(figures)
        print("\ncoordinator (gRPC) \(coordinator), serving (HTTP) \(serving)")
        return summary
    }

    // MARK: - Data

    private func prepareData() throws -> String {
        let target = folder + "/data"
        guard let data else {
            print("== Generating a data set with planted tastes (--data DIR takes real ratings)")
            let generator = DatasetGenerator(files: files, options: GeneratorOptions())
            describe(try generator.generate(to: target))
            return target
        }
        if files.size(data + "/" + Dataset.fileName) != nil {
            print("== Using the data set in \(data)")
            return Path.absolute(data)
        }
        print("== Preparing the ratings in \(data)")
        describe(try DatasetPreparer(files: files).prepare(from: data, to: target))
        return target
    }

    private func describe(_ report: PrepareReport) {
        let dataset = report.dataset
        print(
            "   \(Formatting.count(dataset.trainExamples)) training examples in "
                + "\(dataset.train.count) parts, \(Formatting.count(dataset.validation.examples)) "
                + "for validation, \(Formatting.count(dataset.report.examples)) held out")
    }

    // MARK: - Cluster

    private func startCluster() async throws -> String {
        print("== Starting 1 coordinator, \(shards) shards, \(workers) workers, 1 serving")
        let door = ["--http-listen", "127.0.0.1:0"]
        try cluster.start(
            "coordinator", name: "coordinator",
            door + ["--listen", "127.0.0.1:0", "--state-dir", folder + "/coordinator"])
        let coordinator = try await cluster.address(of: "coordinator", key: "grpc")
        let common = door + ["--coordinator", coordinator, "--listen", "127.0.0.1:0"]
        for index in 0..<shards {
            try cluster.start(
                "shard", name: "shard-\(index)",
                common + ["--name", "shard-\(index)", "--cores", "1"])
        }
        for index in 0..<workers {
            try cluster.start(
                "worker", name: "worker-\(index)", common + ["--name", "worker-\(index)"])
        }
        try files.createDirectory(models)
        try cluster.start(
            "serving", name: "serving", common + ["--name", "serving", "--model-dir", models])
        try await waitForMembers(coordinator)
        return coordinator
    }

    /// The members find each other through the lease table: wait until all are on it.
    private func waitForMembers(_ coordinator: String) async throws {
        let expected = shards + workers + 1
        try await ControlClient.with(ClientSettings(coordinator: coordinator)) { client in
            for _ in 0..<300 {
                let members = try await client.members().members
                if members.count >= expected {
                    let names = members.map(\.member.name).sorted().joined(separator: ", ")
                    return print("   joined: \(names)")
                }
                try await Task.sleep(for: .milliseconds(100))
            }
            throw ClientError("not all processes have joined after 30 seconds")
        }
    }

    // MARK: - Training

    private func train(on dataset: String, at coordinator: String) async throws -> JobStatus {
        let text = try JobFile.text(spec, data: dataset)
        let job = try await ControlClient.with(ClientSettings(coordinator: coordinator)) {
            try await $0.submit(text)
        }
        print("== Training job \(job.id.value) (\(job.name)), submitted to \(coordinator)")
        return try await JobProgress(json: false)
            .follow("\(job.id.value)", at: ClientSettings(coordinator: coordinator))
    }

    private func export(_ job: JobStatus, at coordinator: String) async throws -> String {
        print("== Exporting the model")
        let path = try await ControlClient.with(ClientSettings(coordinator: coordinator)) {
            client in
            try await Exporter(client: client, files: LocalFileSystem()) { _ in }
                .export("\(job.id.value)", to: models)
        }
        print("   \(path)")
        return path
    }

    // MARK: - Serving

    private func waitForServing() async throws -> String {
        let address = try await cluster.address(of: "serving", key: "http")
        for _ in 0..<300 {
            let answer = try HTTPRequest.get("http://\(address)/readyz")
            if answer.status == 200 { return address }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ClientError("serving is not ready after 30 seconds; see \(folder)/serving.log")
    }

    private func askThreeUsers(_ address: String, dataset: String, model: String) async throws {
        print("== Asking serving for recommendations")
        let description = try Dataset(directory: dataset, files: files)
        guard description.format == .pairs else {
            return print("   (this model predicts, it does not recommend)")
        }
        let block = try BlockLoader(
            file: dataset + "/" + description.report.name, format: description.heldOutFormat,
            files: files
        ).load()
        let url = "http://\(address)/v1/models/\(model):recommend"
        for example in 0..<min(3, block.count) {
            guard let user = block.columns[0].keys(of: example).first else { continue }
            let body = "{\"user\": \(user), \"k\": 10}"
            print("\ncurl -s \(url) -d '\(body)'")
            let answer = try HTTPRequest.post(url, body)
            guard answer.status == 200 else {
                throw ClientError("serving answered \(answer.status): \(answer.body)")
            }
            print(try RecommendAnswer.table(answer.body))
        }
    }
}
