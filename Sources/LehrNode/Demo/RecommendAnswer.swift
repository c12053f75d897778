import FoundationEssentials

/// The answer of `:recommend`, as far as the demo shows it.
struct RecommendAnswer: Decodable {
    struct Item: Decodable {
        let title: String
        let score: Double
    }

    let items: [Item]

    static func table(_ body: String) throws -> String {
        let answer = try JSONDecoder().decode(RecommendAnswer.self, from: Data(body.utf8))
        var table = TextTable([("", .right), ("title", .left), ("score", .right)])
        for (rank, item) in answer.items.enumerated() {
            table.add(["\(rank + 1)", item.title, Formatting.decimal(item.score, 3)])
        }
        return table.text
    }
}
