import LehrCore

/// Random cases of every operation, from a seed.
struct RandomCases {
    private var random: RandomSource

    init(seed: UInt64) { random = RandomSource(seed: seed) }

    static let operations = [
        "lookup-sum", "lookup-mean", "lookup-weighted", "matmul", "bias-add", "add", "row-dot",
        "concat", "scale", "relu", "sigmoid", "tanh", "normalize", "bce", "logistic", "in-batch",
        "sampled", "two-tower-in-batch", "two-tower-sampled", "two-tower-bce",
    ]

    private mutating func size(_ limit: Int = 6) -> Int { 1 + random.below(limit) }

    private mutating func values(_ rows: Int, _ columns: Int) -> OperationCase.Values {
        OperationCase.Values(
            rows: rows, columns: columns,
            values: (0..<rows * columns).map { _ in 2 * random.uniform() - 1 })
    }

    private mutating func targets(_ rows: Int) -> OperationCase.Values {
        OperationCase.Values(
            rows: rows, columns: 1, values: (0..<rows).map { _ in Float(random.below(2)) })
    }

    /// Entries for `count` examples over `rows` rows; some examples have none, some repeat a row.
    private mutating func entries(_ count: Int, _ rows: Int) -> [[Int32]] {
        (0..<count).map { _ in (0..<random.below(5)).map { _ in Int32(random.below(rows)) } }
    }

    private mutating func singles(_ count: Int, _ rows: Int) -> [[Int32]] {
        (0..<count).map { _ in [Int32(random.below(rows))] }
    }

    mutating func next(_ operation: String) -> OperationCase {
        switch operation {
        case "lookup-sum", "lookup-mean", "lookup-weighted", "logistic": lookup(operation)
        case "matmul": matmul()
        case "bce", "in-batch", "sampled": loss(operation)
        case "two-tower-in-batch", "two-tower-sampled", "two-tower-bce": twoTowers(operation)
        default: elementwise(operation)
        }
    }

    private mutating func lookup(_ operation: String) -> OperationCase {
        let (rows, width, count) = (size(), operation == "logistic" ? 1 : size(20), size())
        var result = OperationCase(operation: operation, parameters: ["table": values(rows, width)])
        let entries = entries(count, rows)
        result.columns["entries"] = entries
        if operation == "lookup-weighted" || random.below(2) == 0 {
            result.weights = values(entries.reduce(0) { $0 + $1.count }, 1).values
        }
        if operation == "logistic" {
            result.parameters["bias"] = values(1, 1)
            result.constants["targets"] = targets(count)
        } else {
            result.mix = values(count, width)
        }
        return result
    }

    private mutating func matmul() -> OperationCase {
        let (m, n, k) = (size(), size(), size())
        let (left, right) = (random.below(2) == 0, random.below(2) == 0)
        var result = OperationCase(
            operation: "matmul",
            parameters: [
                "a": left ? values(k, m) : values(m, k), "b": right ? values(n, k) : values(k, n),
            ])
        result.transposeLeft = left
        result.transposeRight = right
        result.mix = values(m, n)
        return result
    }

    private mutating func elementwise(_ operation: String) -> OperationCase {
        let (rows, width) = (size(), size(40))
        var result = OperationCase(operation: operation, parameters: ["a": values(rows, width)])
        result.number = operation == "normalize" ? 1e-12 : 2 * random.uniform() - 1
        var outputWidth = width
        switch operation {
        case "bias-add": result.parameters["b"] = values(1, width)
        case "add": result.parameters["b"] = values(rows, width)
        case "row-dot":
            result.parameters["b"] = values(rows, width)
            outputWidth = 1
        case "concat":
            let (second, third) = (size(), size())
            result.parameters["b"] = values(rows, second)
            result.parameters["c"] = values(rows, third)
            outputWidth = width + second + third
        case "normalize" where random.below(3) == 0:
            // All rows shorter than epsilon.
            result.number = 100
        case "relu":
            // Away from the kink, where a finite difference would mix both sides.
            result.parameters["a"]?.values = values(rows, width).values.map {
                $0 < 0 ? $0 - 0.1 : $0 + 0.1
            }
        default: break
        }
        result.mix = values(rows, outputWidth)
        return result
    }

    private mutating func loss(_ operation: String) -> OperationCase {
        let (rows, width, negatives) = (size(), size(20), size(30))
        guard operation != "bce" else {
            var result = OperationCase(operation: operation, parameters: ["a": values(rows, 1)])
            result.constants["targets"] = targets(rows)
            return result
        }
        var result = OperationCase(
            operation: operation,
            parameters: ["users": values(rows, width), "items": values(rows, width)])
        let candidates = operation == "sampled" ? negatives : rows
        if operation == "sampled" { result.parameters["negatives"] = values(negatives, width) }
        result.constants["offsets"] = values(candidates, 1)
        result.constants["positive-offsets"] = values(rows, 1)
        let ids = operation == "sampled" ? rows + negatives : rows
        // Few different ids, so that accidental hits happen.
        result.identities = (0..<ids).map { _ in Int32(random.below(8)) }
        return result
    }

    private mutating func twoTowers(_ operation: String) -> OperationCase {
        let (users, items, batch, negatives) = (size(), size(), size(8), size(10))
        let (width, hidden, output) = (size(), size(), 1 + size())
        var result = OperationCase(
            operation: operation,
            parameters: [
                "user": values(users, width), "item": values(items, width),
                "item-bias": values(items, 1),
            ])
        for tower in ["user", "item"] {
            result.parameters["\(tower)/0/weight"] = values(width, hidden)
            result.parameters["\(tower)/0/bias"] = values(1, hidden)
            result.parameters["\(tower)/1/weight"] = values(hidden, output)
            result.parameters["\(tower)/1/bias"] = values(1, output)
        }
        result.number = 0.5 + 2 * random.uniform()
        result.columns["user"] = entries(batch, users).map { $0.isEmpty ? [0] : $0 }
        result.columns["item"] = singles(batch, items)
        result.identities = (result.columns["item"] ?? []).flatMap { $0 }
        guard operation != "two-tower-bce" else {
            result.constants["targets"] = targets(batch)
            return result
        }
        result.constants["positive-offsets"] = values(batch, 1)
        result.constants["offsets"] = values(batch, 1)
        if operation == "two-tower-sampled" {
            result.columns["negative"] = singles(negatives, items)
            result.identities += (result.columns["negative"] ?? []).flatMap { $0 }
            result.constants["offsets"] = values(negatives, 1)
        }
        return result
    }
}
