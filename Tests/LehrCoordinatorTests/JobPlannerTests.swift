import LehrCoordinator
import LehrCore
import LehrData
import LehrTable
import LehrTestSupport
import Testing

@Suite struct JobPlannerTests {
    private let directory: TemporaryDirectory
    private let planner: JobPlanner
    private var data: String { directory.file("data") }

    init() throws {
        directory = try TemporaryDirectory()
        planner = JobPlanner(files: directory.files)
    }

    private func prepare(parts: Int = 3) throws -> Dataset {
        let options = GeneratorOptions(
            users: 60, items: 100, interactions: 600, tastes: 4, seed: 1)
        return try DatasetGenerator(files: directory.files, options: options)
            .generate(to: data, prepare: PrepareOptions(parts: parts)).dataset
    }

    private func job(
        kind: String = "two-tower", path: String? = nil, epochs: Int = 4, rest: String = ""
    ) -> String {
        """
        name: movies
        model:
          kind: \(kind)
        data:
          path: \(path ?? data)
        training:
          epochs: \(epochs)
        \(rest)
        """
    }

    private func refusal(_ text: String) -> String {
        do throws(CoordinatorRefusal) {
            _ = try planner.plan(text)
            Issue.record("should be refused")
            return ""
        } catch {
            guard case .invalid(let reason) = error else { return "\(error)" }
            return reason
        }
    }

    @Test func aPlanSaysAllThatTheCoordinatorNeeds() throws {
        let dataset = try prepare()
        let text = job(rest: "  mode: sequential\n  batch-size: 32\npartitions: 8")
        let plan = try planner.plan(text)
        #expect(plan.name == "movies" && plan.spec == text)
        #expect(plan.files.map(\.path) == dataset.train.map { data + "/" + $0.name })
        #expect(plan.files.reduce(0) { $0 + $1.examples } == UInt64(dataset.trainExamples))
        #expect(plan.validation == data + "/validation.tsv.gz")
        #expect(plan.evaluatedEpochs == [0, 1, 2, 3] && plan.epochs == 4)
        #expect(plan.partCount == 12 && plan.isSequential && plan.batchSize == 32)
        #expect(plan.partitionBits == 3)
        #expect(plan.tables.map(\.name) == ["user", "item", "item-bias"])
        let last = try planner.plan(job(rest: "  evaluate-every-epoch: false"))
        #expect(last.evaluatedEpochs == [3])
    }

    @Test func everyProblemOfAJobFileIsNamed() {
        let reason = refusal(job(rest: "  mode: sideways\n  colour: red"))
        #expect(reason.contains("training.mode") && reason.contains("colour"))
        #expect(!refusal("").isEmpty)
        #expect(!refusal("{[").isEmpty)
    }

    @Test func aDataSetThatIsNotThereIsNamed() throws {
        #expect(refusal(job()).contains("data.path") && refusal(job()).contains(data))
        let dataset = try prepare()
        try directory.files.remove(data + "/" + dataset.train[1].name)
        #expect(refusal(job()).contains(dataset.train[1].name))
        try directory.files.remove(data + "/dataset.json")
        #expect(refusal(job()).contains("not a prepared data set"))
    }

    @Test func aModelThatReadsAnotherFormatIsRefused() throws {
        _ = try prepare()
        let reason = refusal(job(kind: "logistic-regression"))
        #expect(
            reason
                == "data.path: \(data) holds pairs, a logistic-regression model reads libsvm")
    }

    @Test func tooManyPartsAreRefused() throws {
        _ = try prepare(parts: 300)
        #expect(try planner.plan(job(epochs: 3000)).partCount == 900_000)
        #expect(refusal(job(epochs: 10_000)).contains("3000000 parts; at most 1048576"))
    }
}
