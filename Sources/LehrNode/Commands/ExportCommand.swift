import ArgumentParser
import LehrCore

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a job's model for serving.",
        discussion: """
            Writes DIR/NAME/VERSION, where NAME is the job's and VERSION one above the highest \
            there is. The export appears all at once; a serving process whose --model-dir is DIR \
            picks it up. The job's data set must be readable here.
            """)

    @OptionGroup var client: ClientFlags
    @Argument(help: "A job's number or name.")
    var job: String
    @Argument(help: "The model directory.")
    var directory: String

    func run() async throws {
        let isQuiet = client.json
        let path = try await ControlClient.with(client.settings) { client in
            try await Exporter(client: client, files: LocalFileSystem()) { step in
                if !isQuiet { StandardError.write("export: \(step)\n") }
            }.export(job, to: directory)
        }
        print(client.json ? try Formatting.json(["path": path]) : path)
    }
}

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Score an export on a data set's held-out file, through serving's own code.",
        discussion: """
            Two towers: HR@10 and NDCG@10 of the held-out item among its sampled negatives (a tie \
            counts against it), recall@10 among all items that the user has not seen, and the same \
            for recommending what is popular. Logistic regression: AUC.
            """)

    @Argument(help: "An export: MODEL_DIR/NAME/VERSION.")
    var export: String
    @Argument(help: "A prepared data set; its test file is read, or the validation file if none.")
    var data: String
    @Flag(help: "Print JSON for programs.")
    var json = false

    func run() throws {
        let figures = try Evaluator(files: LocalFileSystem()).evaluate(export: export, data: data)
        if json { return print(try Formatting.json(figures)) }
        print("\(figures.model), \(Formatting.count(figures.examples)) held-out examples")
        print(EvaluationText.table(figures))
    }
}

enum EvaluationText {
    static func table(_ figures: Evaluator.Figures) -> String {
        var table = TextTable([("", .left), ("model", .right), ("popularity", .right)])
        func add(_ name: String, _ model: Double?, _ popularity: Double?) {
            guard let model else { return }
            table.add([
                name, Formatting.decimal(model, 4),
                popularity.map { Formatting.decimal($0, 4) } ?? "-",
            ])
        }
        add("HR@10", figures.hrAt10, figures.popularityHrAt10)
        add("NDCG@10", figures.ndcgAt10, figures.popularityNdcgAt10)
        add("recall@10", figures.recallAt10, figures.popularityRecallAt10)
        add("AUC", figures.auc, nil)
        return table.text
    }
}
