import ArgumentParser
import LehrCore
import LehrData

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Prepare or generate data sets.",
        subcommands: [Prepare.self, Generate.self])

    struct Output: ParsableArguments {
        @Option(help: "Training files; each is one part of every epoch.")
        var parts = 8
        @Option(help: "The seed of every random choice.")
        var seed: UInt64 = 1
        @Flag(help: "Replace a data set that is already there.")
        var replace = false
        @Option(
            name: .customLong("tolerate"),
            help: "Malformed lines skipped in a file before it fails.")
        var tolerated = 10

        func validate() throws {
            guard (1...DataLimits.parts).contains(parts) else {
                throw ValidationError("--parts: expected 1 to \(DataLimits.parts)")
            }
            guard tolerated >= 0 else { throw ValidationError("--tolerate: expected 0 or more") }
        }

        var options: PrepareOptions {
            PrepareOptions(
                parts: parts, seed: seed, policy: MalformedLinePolicy(tolerated: tolerated),
                replace: replace)
        }
    }

    struct Prepare: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turn ratings or labelled features into a data set.",
            discussion: """
                Layouts understood, each file plain or gzip:
                  explicit split: train.tsv, test.positive.tsv, test.negative.tsv (NCF's MovieLens)
                  ratings: interactions.tsv with user_id, item_id, timestamp; the last one of each \
                user is held out
                  libsvm: one .libsvm file; a fifth is held out
                A validation split is taken from the training pairs; test files are not looked at.
                """)

        @Argument(help: "The directory or file to read.")
        var source: String
        @Argument(help: "The directory to write.")
        var target: String
        @OptionGroup var output: Output

        func run() throws {
            let preparer = DatasetPreparer(files: LocalFileSystem(), options: output.options)
            DataCommand.report(try preparer.prepare(from: source, to: target), target)
        }
    }

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make up users and items with planted tastes, and prepare them.",
            discussion: "The same sizes and seed give the same bytes.")

        @Argument(help: "The directory to write.")
        var target: String
        @Option(help: "Users.") var users = GeneratorOptions().users
        @Option(help: "Items.") var items = GeneratorOptions().items
        @Option(help: "Interactions.") var interactions = GeneratorOptions().interactions
        @Option(help: "Groups of items that users may like.") var tastes = GeneratorOptions().tastes
        @OptionGroup var output: Output

        private var options: GeneratorOptions {
            GeneratorOptions(
                users: users, items: items, interactions: interactions, tastes: tastes,
                seed: output.seed)
        }

        func validate() throws {
            if let problem = options.problem { throw ValidationError(problem) }
        }

        func run() throws {
            let generator = DatasetGenerator(files: LocalFileSystem(), options: options)
            DataCommand.report(try generator.generate(to: target, prepare: output.options), target)
        }
    }

    private static func report(_ report: PrepareReport, _ target: String) {
        let dataset = report.dataset
        print(
            "\(target): \(Formatting.count(dataset.trainExamples)) training examples in "
                + "\(dataset.train.count) parts, \(Formatting.count(dataset.validation.examples)) for "
                + "validation"
                + (dataset.test.map { ", \(Formatting.count($0.examples)) for the test" } ?? ""))
        if report.droppedCopies > 0 {
            print("\(report.droppedCopies) test negatives were the user's own positive: left out")
        }
        guard report.malformedLines > 0 else { return }
        print(
            "\(report.malformedLines) malformed lines skipped"
                + (report.lastMalformed.map { ", the last: \($0)" } ?? ""))
    }
}
