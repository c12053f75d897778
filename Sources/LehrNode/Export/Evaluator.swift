import LehrArtifact
import LehrCore
import LehrData
import LehrRetrieval
import LehrServing

/// Scores an export on a data set's held-out file, through serving's own code.
struct Evaluator {
    let files: any FileSystem

    /// What the figures are called in JSON; nil where the model has no such figure.
    struct Figures: Codable, Equatable {
        var model = ""
        var examples = 0
        var hrAt10: Double?
        var ndcgAt10: Double?
        var recallAt10: Double?
        var popularityHrAt10: Double?
        var popularityNdcgAt10: Double?
        var popularityRecallAt10: Double?
        var auc: Double?
    }

    private static let cutoff = 10

    func evaluate(export: String, data: String) throws -> Figures {
        let model = try ServingModel.load(export, files: files)
        let dataset = try Dataset(directory: data, files: files)
        let block = try BlockLoader(
            file: data + "/" + dataset.report.name, format: dataset.heldOutFormat, files: files,
            policy: .strict
        ).load()
        var figures: Figures
        switch (model.engine, dataset.format) {
        case (.recommend(let engine), .pairs):
            figures = try rank(engine, block, dataset, directory: data)
        case (.predict(let engine), .libsvm): figures = predict(engine, block)
        default:
            throw ClientError(
                "\(export) is a \(model.kind) model, which is not scored on "
                    + "\(dataset.format.rawValue) data (\(data))")
        }
        figures.model = "\(model.manifest.model.name) version \(model.manifest.model.version)"
        figures.examples = block.count
        return figures
    }

    /// HR and NDCG: the positive among its sampled negatives. Recall: the positive among the first
    /// ten of all items that the user has not seen in training.
    private func rank(
        _ engine: RecommendEngine, _ block: Block, _ dataset: Dataset, directory: String
    ) throws -> Figures {
        let catalog = try dataset.items.map {
            try ItemCatalog(path: directory + "/" + $0.name, files: files)
        }
        let popularity = PopularityScorer(
            keys: catalog?.keys ?? [], counts: catalog?.counts ?? [])
        var (tally, baseline) = (
            RankingTally(cutoff: Self.cutoff), RankingTally(cutoff: Self.cutoff)
        )
        var (found, foundPopular) = (0, 0)
        for example in 0..<block.count {
            guard let user = block.columns[0].keys(of: example).first else { continue }
            let candidates = block.columns[1].keys(of: example)
            tally.add(scores: engine.scores(user: user, items: Array(candidates)))
            baseline.add(scores: popularity.scores(of: candidates))
            guard let positive = candidates.first else { continue }
            let query = RecommendQuery(user: user, k: Self.cutoff)
            if engine.recommend(query).contains(positive) { found += 1 }
            if engine.popular(query).contains(positive) { foundPopular += 1 }
        }
        let count = Double(max(block.count, 1))
        return Figures(
            hrAt10: tally.hitRate, ndcgAt10: tally.ndcg, recallAt10: Double(found) / count,
            popularityHrAt10: baseline.hitRate, popularityNdcgAt10: baseline.ndcg,
            popularityRecallAt10: Double(foundPopular) / count)
    }

    private func predict(_ engine: PredictEngine, _ block: Block) -> Figures {
        let column = block.columns[0]
        let predictions = engine.probabilities(
            offsets: column.offsets, keys: column.keys, values: column.values)
        return Figures(auc: exactAUC(predictions: predictions, labels: block.labels))
    }
}

extension Recommendation {
    fileprivate func contains(_ item: UInt64) -> Bool { items.contains { $0.key == item } }
}
