import LehrCore

/// The ways in which ratings and examples lie on a disk that can be prepared. Every file may be
/// plain or gzip, with or without `.gz` at the end of its name.
enum SourceLayout: Equatable {
    /// Training pairs with test positives and sampled negatives given, as in the evaluation of
    /// "Neural Collaborative Filtering".
    case explicitSplit(ExplicitSplit)
    /// Ratings with times under a typed header; the split is made here.
    case ratings(interactions: String, items: String?)
    case libsvm(file: String)

    struct ExplicitSplit: Equatable {
        var train: String
        var positives: String
        var negatives: String
        /// Item keys of the training pairs to ids of `movies`.
        var itemMap: String?
        var movies: String?
    }

    /// Recognises the layout of a directory or file.
    static func detect(_ path: String, files: any FileSystem) throws(DataError) -> SourceLayout {
        guard files.size(path) != nil else {
            throw .file(FileSystemError(operation: "read", path: path, reason: .notFound))
        }
        guard files.isDirectory(path) else {
            guard isLibsvm(path) else {
                let name = path.split(separator: "/").last.map { String($0) } ?? path
                throw .unknownLayout(path: path, found: [name])
            }
            return .libsvm(file: path)
        }
        let names = try translating { () throws(FileSystemError) in try files.list(path) }
        func find(_ name: String) -> String? {
            [name, name + ".gz"].first { names.contains($0) }.map { path + "/" + $0 }
        }
        if let train = find("train.tsv"), let positives = find("test.positive.tsv"),
            let negatives = find("test.negative.tsv")
        {
            return .explicitSplit(
                ExplicitSplit(
                    train: train, positives: positives, negatives: negatives,
                    itemMap: find("item_map.tsv"), movies: find("movies.dat")))
        }
        if let interactions = find("interactions.tsv") {
            return .ratings(interactions: interactions, items: find("items.tsv"))
        }
        let libsvm = names.filter(isLibsvm)
        guard libsvm.count == 1 else {
            throw .unknownLayout(path: path, found: Array(names.prefix(20)))
        }
        return .libsvm(file: path + "/" + libsvm[0])
    }

    private static func isLibsvm(_ name: String) -> Bool {
        name.hasSuffix(".libsvm") || name.hasSuffix(".libsvm.gz")
    }
}
