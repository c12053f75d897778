import Testing

@testable import LehrModel

struct JobSpecErrorTests {
    /// A changed line of `job` and the problem that it is to give.
    private static let job = """
        name: movies
        model:
          kind: two-tower
          dimension: 32
          user:
            hidden: [64]
        data:
          path: /data/movies
        training:
          epochs: 10
          evaluate-every-epoch: true
        optimizer:
          sparse:
            kind: adagrad
            learning-rate: 0.1
        partitions: 16
        """

    private static let rules =
        "sgd, momentum, adagrad, shared-adagrad, adam, lazy-adam, shared-adam, rmsprop, ftrl"

    @Test(arguments: [
        (
            "  epochs: 10", "  epochs: ten",
            "training.epochs: expected a whole number from 1 to 10000, found \"ten\" (line 10)"
        ),
        (
            "  epochs: 10", "  epochs: 0",
            "training.epochs: expected a whole number from 1 to 10000, found \"0\" (line 10)"
        ),
        (
            "  epochs: 10", "  epochs: [1]",
            "training.epochs: expected a whole number from 1 to 10000, found a list (line 10)"
        ),
        (
            "  epochs: 10", "  epoch: 10",
            "training: unknown key \"epoch\"; did you mean 'epochs'? (line 10)"
        ),
        (
            "partitions: 16", "colour: red",
            "unknown key \"colour\"; allowed are data, model, name, optimizer, partitions, storage, "
                + "training, wire (line 16)"
        ),
        (
            "partitions: 16", "partitions: 12",
            "partitions: expected a power of two from 1 to 4096, found \"12\" (line 16)"
        ),
        (
            "  kind: two-tower", "  kind: towers",
            "model.kind: expected one of two-tower, logistic-regression, found \"towers\" (line 3)"
        ),
        (
            "  kind: two-tower", "  kind: two-towers",
            "model.kind: expected one of two-tower, logistic-regression (perhaps two-tower), found "
                + "\"two-towers\" (line 3)"
        ),
        (
            "  kind: two-tower", "",
            "model.kind: missing; expected one of two-tower, logistic-regression (line 4)"
        ),
        (
            "    hidden: [64]", "    hidden: [64, x]",
            "model.user.hidden: expected a list of at most 8 whole numbers from 1 to 4096, found "
                + "\"x\" (line 6)"
        ),
        (
            "    hidden: [64]", "    hidden: 64",
            "model.user.hidden: expected a list of at most 8 whole numbers from 1 to 4096, found "
                + "\"64\" (line 6)"
        ),
        (
            "  evaluate-every-epoch: true", "  evaluate-every-epoch: maybe",
            "training.evaluate-every-epoch: expected true or false, found \"maybe\" (line 11)"
        ),
        (
            "    learning-rate: 0.1", "    learning-rate: nan",
            "optimizer.sparse.learning-rate: expected a number from 0.0 to 1000.0, found \"nan\" "
                + "(line 15)"
        ),
        (
            "    kind: adagrad", "    beta1: 0.5",
            "optimizer.sparse.kind: missing; expected one of \(rules) (line 14)"
        ),
        (
            "  path: /data/movies", "  path:",
            "data.path: missing; expected text (line 8)"
        ),
        (
            "name: movies", "name: My Movies",
            "name: expected 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit, "
                + "found \"My Movies\" (line 1)"
        ),
        (
            "  dimension: 32", "  negatives: 3",
            "model.negatives: in-batch-softmax takes its negatives from the batch; remove it (line 4)"
        ),
        (
            "  epochs: 10", "  batch-size: 10000",
            "training.batch-size: at most 8192 with in-batch-softmax, found 10000 (line 10)"
        ),
        (
            "    learning-rate: 0.1", "    l2: 1\n    learning-rate: 2",
            "optimizer.sparse.l2: times learning-rate stays below 1, found 2.0 (line 15)"
        ),
        (
            "  epochs: 10", "  epochs: 10\n  epochs: 11",
            "not YAML: key given more than once: \"epochs\" (line 11)"
        ),
    ])
    func aProblemNamesItsKeyAndLine(line: String, changed: String, problem: String) throws {
        _ = try JobSpec(yaml: Self.job)
        #expect(Self.job.contains("\(line)\n") || Self.job.hasSuffix(line))
        let text = Self.job.replacing("\(line)\n", with: "\(changed)\n")
            .replacing(
                "partitions: 16", with: line == "partitions: 16" ? changed : "partitions: 16")
        #expect(JobText.problems(text) == [problem])
    }

    @Test func allProblemsAreReportedAtOnce() {
        let problems = JobText.problems(
            """
            model:
              kind: two-tower
              dimenson: 3
              loss: hinge
            training: fast
            optimizer:
              dense: {kind: adma}
            """)
        #expect(
            problems == [
                "name: missing; expected 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a "
                    + "letter or digit (line 1)",
                "model.loss: expected one of in-batch-softmax, sampled-softmax, bce, found \"hinge\" "
                    + "(line 4)",
                "model: unknown key \"dimenson\"; did you mean 'dimension'? (line 3)",
                "data.path: missing; expected text",
                "training: expected keys with values, found \"fast\" (line 5)",
                "optimizer.dense.kind: expected one of \(Self.rules) (perhaps adam), found \"adma\" "
                    + "(line 7)",
            ])
    }

    @Test func whatIsNotAJobFileIsRefused() {
        #expect(JobText.problems("") == ["the job file is empty"])
        #expect(JobText.problems("a: [1, 2").first?.hasPrefix("not YAML: ") == true)
        #expect(
            JobText.problems("- a\n- b").first
                == "expected keys with values, found a list (line 1)")
        let long = String(repeating: "#", count: JobDocument.sizeLimit + 1)
        #expect(
            JobText.problems(long) == [
                "a job file has at most 1048576 bytes, this one has 1048577"
            ])
        let many = (0..<100_000).map { "k\($0): 1" }.joined(separator: "\n")
        #expect(JobText.problems(many).count == ProblemCollector.limit)
    }

    @Test func nestingAndAliasesAreBounded() {
        for deep in ["[", "{a: ", "- ", "? ", "a:\n "] {
            let text = String(repeating: deep, count: 100_000)
            #expect(!JobText.problems(text).isEmpty)
        }
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<30 {
            let parts = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(parts)]\n"
        }
        #expect(
            JobText.problems(bomb + "? *a29\n: 1\n") == [
                "not YAML: more than 262144 values, aliases unfolded (line 6)"
            ])
    }
}
