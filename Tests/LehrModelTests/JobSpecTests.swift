import LehrCore
import LehrTable
import Testing

@testable import LehrModel

struct JobSpecTests {
    @Test func defaultsAreFilledIn() throws {
        let job = try JobSpec(yaml: JobText.twoTower())
        #expect(job.name == "movies")
        #expect(job.data.path == "/data/movies")
        #expect(job.partitions == 16)
        #expect(
            job.training
                == TrainingSpec(
                    mode: .eventual, epochs: 2, batchSize: 512, seed: 1, batchesInFlight: 2,
                    malformedLinesTolerated: 0, evaluateEveryEpoch: true))
        guard case .twoTower(let model) = job.model else {
            Issue.record("the model is \(job.model)")
            return
        }
        #expect(model.loss == .inBatchSoftmax)
        #expect(model.logQCorrection == .all)
        #expect(model.user == TowerSpec(hidden: [], activation: .relu))
        #expect(model.hasItemBias && !model.isNormalized && model.negatives == 0)
    }

    @Test func everyValueIsRead() throws {
        let job = try JobSpec(
            yaml: JobText.twoTower(
                model: """
                      dimension: 24
                      loss: sampled-softmax
                      negatives: 100
                      negative-distribution: popularity
                      log-q-correction: negatives
                      item-bias: false
                      normalize: true
                      temperature: 0.07
                      initializer: {kind: normal, deviation: 0.25}
                      user: {hidden: [64, 32], activation: tanh}
                      item: {hidden: [16]}
                    """,
                training: """
                      mode: sequential
                      batch-size: 128
                      seed: 18446744073709551615
                      in-flight: 1
                      malformed-lines-tolerated: 7
                      evaluate-every-epoch: false
                    """,
                optimizer: """
                      sparse: {kind: adagrad, learning-rate: 0.5, initial-accumulator: 0.25, l2: 0.125}
                      dense: {kind: adam, beta1: 0.5, beta2: 0.75, epsilon: 1e-6}
                    """,
                rest: "partitions: 64"))
        #expect(
            job.model
                == .twoTower(
                    TwoTowerSpec(
                        dimension: 24, user: TowerSpec(hidden: [64, 32], activation: .tanh),
                        item: TowerSpec(hidden: [16], activation: .relu), loss: .sampledSoftmax,
                        negatives: 100, negativeDistribution: .popularity,
                        logQCorrection: .negatives, hasItemBias: false, isNormalized: true,
                        temperature: 0.07, initializer: .normal(deviation: 0.25))))
        #expect(
            job.training
                == TrainingSpec(
                    mode: .sequential, epochs: 2, batchSize: 128, seed: .max, batchesInFlight: 1,
                    malformedLinesTolerated: 7, evaluateEveryEpoch: false))
        #expect(
            job.optimizers.sparse
                == Optimizer(
                    rule: .adagrad(initialAccumulator: 0.25), learningRate: 0.5, l2: 0.125))
        #expect(
            job.optimizers.dense
                == Optimizer(
                    rule: .adam(beta1: 0.5, beta2: 0.75, epsilon: 1e-6), learningRate: 1e-3))
        #expect(job.partitions == 64)
    }

    @Test func formatsOfWhatTravelsAreReadForEachKindOfTable() throws {
        let standard = try JobSpec(yaml: JobText.twoTower())
        #expect(standard.tables.allSatisfy { $0.wire == WireFormat() })
        let job = try JobSpec(
            yaml: JobText.twoTower(
                model: "  user: {hidden: [5]}",
                rest: """
                    wire:
                      sparse: {rows: f16, gradients: int8, keys: delta}
                      dense: {gradients: bf16}
                    """))
        let sparse = WireFormat(rows: .float16, gradients: .int8, keys: .delta)
        let dense = WireFormat(gradients: .bfloat16)
        #expect(
            job.tables.map(\.wire)
                == [sparse, sparse, WireFormat(keys: .delta), dense, dense, dense, dense])
        let bias = try JobSpec(
            yaml: JobText.twoTower(rest: "wire: {item-bias: {rows: bf16, keys: delta}}"))
        #expect(bias.wire.itemBias == WireFormat(rows: .bfloat16, keys: .delta))
        #expect(bias.wire.sparse == WireFormat())
    }

    @Test func formatsThatCannotBeAreNamed() throws {
        func problems(_ wire: String, model: String = "") -> [String] {
            JobText.problems(JobText.twoTower(model: model, rest: "wire: {\(wire)}"))
        }
        #expect(problems("sparse: {rows: f61}").first?.contains("wire.sparse.rows") == true)
        #expect(problems("dense: {rows: bf61}").first?.contains("perhaps bf16") == true)
        #expect(problems("sparse: {key: delta}").first?.contains("did you mean 'keys'?") == true)
        #expect(problems("item-bias: {rows: int8}").first?.contains("rows of one number") == true)
        #expect(
            problems("item-bias: {rows: f16}", model: "  item-bias: false").first?
                .contains("no item bias") == true)
        #expect(problems("dense: {rows: int8}", model: "  user: {hidden: [1]}").count == 1)
        let wide = try JobSpec(
            yaml: JobText.twoTower(
                model: "  user: {hidden: [2]}", rest: "wire: {dense: {rows: int8}}"))
        #expect(wide.wire.dense.rows == .int8)
    }

    @Test(arguments: ["two-tower.yaml", "logistic-regression.yaml"])
    func shippedJobFilesAreRead(name: String) throws {
        let job = try JobSpec(yaml: try JobText.example(name))
        #expect("\(job.name).yaml" == name)
        for table in job.tables { try table.validate() }
    }

    @Test func sequentialModeHasOneBatchInFlight() throws {
        let job = try JobSpec(yaml: JobText.twoTower(training: "  mode: sequential"))
        #expect(job.training.batchesInFlight == 1)
        #expect(
            JobText.problems(JobText.twoTower(training: "  mode: sequential\n  in-flight: 4")) == [
                "training.in-flight: is 1 in sequential mode, found 4 (line 10)"
            ])
    }

    @Test func tablesComeInAFixedOrder() throws {
        let job = try JobSpec(
            yaml: JobText.twoTower(
                model: "  dimension: 8\n  user: {hidden: [5]}\n  item: {hidden: [7, 6]}"))
        #expect(
            job.tables.map(\.name) == [
                "user", "item", "item-bias", "user/0/weight", "user/0/bias", "user/1/weight",
                "user/1/bias", "item/0/weight", "item/0/bias", "item/1/weight", "item/1/bias",
                "item/2/weight", "item/2/bias",
            ])
        #expect(job.tables.map(\.dimension) == [8, 8, 1, 5, 5, 8, 8, 7, 7, 6, 6, 8, 8])
        #expect(job.tables[3].keys == .rows(8) && job.tables[4].keys == .rows(1))
        #expect(job.tables[5].keys == .rows(5) && job.tables[0].keys == .hashed)
        #expect(job.tables[2].optimizer.l2 == 0 && job.tables[2].initializer == .constant(0))
        #expect(Set(job.tables.map(\.seed)).count == job.tables.count)
        let other = try JobSpec(yaml: JobText.twoTower(training: "  seed: 2"))
        #expect(other.tables[0].seed != job.tables[0].seed)
        let logistic = try JobSpec(yaml: JobText.logistic)
        #expect(logistic.tables.map(\.name) == ["weight", "bias"])
        #expect(logistic.tables.map(\.keys) == [.hashed, .rows(1)])
    }
}
