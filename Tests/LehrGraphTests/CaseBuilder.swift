import LehrCore

@testable import LehrGraph

/// Builds the graph of an `OperationCase`.
struct CaseBuilder {
    private let source: OperationCase
    var builder = GraphBuilder()
    private(set) var extents: [(Extent, Int)] = []
    private(set) var parameters: [String: Tensor] = [:]
    private(set) var inputs: [(Tensor, [Float])] = []
    private(set) var columns: [(ColumnSlot, SparseColumn)] = []
    private(set) var identities: [IdentitySlot] = []
    private var batch: Extent = .fixed(1)

    init(_ source: OperationCase) { self.source = source }

    /// A dynamic extent that starts too small, so that memory has to grow.
    private mutating func extent(_ rows: Int) -> Extent {
        let extent = builder.extent(expected: 1)
        extents.append((extent, rows))
        return extent
    }

    private mutating func parameter(_ name: String, _ rows: Extent? = nil) -> Tensor {
        guard let values = source.parameters[name] else {
            preconditionFailure("\(source.operation) lacks \(name)")
        }
        let tensor = builder.parameter(rows: rows ?? .fixed(values.rows), columns: values.columns)
        parameters[name] = tensor
        return tensor
    }

    private mutating func constant(_ name: String, _ rows: Extent) -> Tensor {
        guard let values = source.constants[name] else {
            preconditionFailure("\(source.operation) lacks \(name)")
        }
        let tensor = builder.input(rows: rows, columns: values.columns)
        inputs.append((tensor, values.values))
        return tensor
    }

    private func rows(_ name: String) -> Int { source.parameters[name]?.rows ?? 0 }

    private mutating func column(_ name: String) -> ColumnSlot {
        let slot = builder.column()
        var column = SparseColumn(offsets: [0], indices: [])
        for entries in source.columns[name] ?? [] {
            column.indices += entries
            column.offsets.append(Int32(column.indices.count))
        }
        if name == "entries" { column.values = source.weights }
        columns.append((slot, column))
        return slot
    }

    mutating func makeOutput() -> Tensor {
        switch source.operation {
        case "lookup-sum": return lookup(.sum)
        case "lookup-mean": return lookup(.mean)
        case "lookup-weighted": return lookup(.weightedSum)
        case "matmul":
            return builder.matmul(
                parameter("a"), parameter("b"), transposeLeft: source.transposeLeft,
                transposeRight: source.transposeRight)
        case "bias-add":
            return builder.biasAdd(parameter("a", extent(rows("a"))), parameter("b"))
        case "add":
            let rows = extent(rows("a"))
            return builder.add(parameter("a", rows), parameter("b", rows))
        case "row-dot":
            let rows = extent(rows("a"))
            return builder.rowDot(parameter("a", rows), parameter("b", rows))
        case "concat":
            let rows = extent(rows("a"))
            let inputs = [parameter("a", rows), parameter("b", rows), parameter("c", rows)]
            return builder.concat(inputs)
        case "scale": return builder.scale(parameter("a"), by: source.number)
        case "relu": return builder.relu(parameter("a", extent(rows("a"))))
        case "sigmoid": return builder.sigmoid(parameter("a"))
        case "tanh": return builder.tanh(parameter("a"))
        case "normalize": return builder.normalize(parameter("a"), epsilon: source.number)
        default: return makeLossOutput()
        }
    }

    private mutating func lookup(_ pooling: Pooling) -> Tensor {
        let examples = extent(source.columns["entries"]?.count ?? 0)
        return builder.lookup(
            parameter("table", extent(rows("table"))), column("entries"), rows: examples,
            pooling: pooling)
    }

    private mutating func makeLossOutput() -> Tensor {
        switch source.operation {
        case "bce":
            let rows = extent(rows("a"))
            return builder.binaryCrossEntropy(
                logits: parameter("a", rows), targets: constant("targets", rows))
        case "logistic":
            batch = extent(source.columns["entries"]?.count ?? 0)
            let table = parameter("table", extent(rows("table")))
            let sum = builder.lookup(
                table, column("entries"), rows: batch, pooling: .weightedSum)
            return builder.binaryCrossEntropy(
                logits: builder.biasAdd(sum, parameter("bias")),
                targets: constant("targets", batch))
        case "in-batch":
            let rows = extent(rows("users"))
            batch = rows
            return softmax(
                users: parameter("users", rows), items: parameter("items", rows), negatives: nil)
        case "sampled":
            let rows = extent(rows("users"))
            batch = rows
            let users = parameter("users", rows)
            let items = parameter("items", rows)
            return softmax(
                users: users, items: items,
                negatives: parameter("negatives", extent(self.rows("negatives"))))
        case "two-tower-in-batch", "two-tower-sampled", "two-tower-bce": return twoTowers()
        default: preconditionFailure("unknown operation \(source.operation)")
        }
    }

    private mutating func softmax(users: Tensor, items: Tensor, negatives: Tensor?) -> Tensor {
        let slot = builder.identity()
        identities.append(slot)
        let positives = constant("positive-offsets", batch)
        guard let negatives else {
            return builder.inBatchSoftmax(
                users: users, items: items, identities: slot, offsets: constant("offsets", batch),
                positiveOffsets: positives)
        }
        return builder.sampledSoftmax(
            users: users, items: items, negatives: negatives, identities: slot,
            offsets: constant("offsets", negatives.rows), positiveOffsets: positives)
    }

    /// Embedding, one hidden layer, L2-normalised output over a temperature, and an item bias.
    private mutating func twoTowers() -> Tensor {
        batch = extent(source.columns["user"]?.count ?? 0)
        let itemRows = extent(rows("item"))
        var user = parameter("user", extent(rows("user")))
        user = builder.lookup(user, column("user"), rows: batch, pooling: .mean)
        user = tower("user", user)
        user = builder.scale(builder.normalize(user), by: source.number)
        user = builder.concat([user, builder.constant(1, rows: batch, columns: 1)])
        var item = tower("item", parameter("item", itemRows))
        item = builder.concat([builder.normalize(item), parameter("item-bias", itemRows)])
        let items = builder.lookup(item, column("item"), rows: batch)
        if source.operation == "two-tower-bce" {
            return builder.binaryCrossEntropy(
                logits: builder.rowDot(user, items), targets: constant("targets", batch))
        }
        guard source.operation == "two-tower-sampled" else {
            return softmax(users: user, items: items, negatives: nil)
        }
        let count = extent(source.columns["negative"]?.count ?? 0)
        return softmax(
            users: user, items: items,
            negatives: builder.lookup(item, column("negative"), rows: count))
    }

    private mutating func tower(_ name: String, _ input: Tensor) -> Tensor {
        let first = parameter("\(name)/0/weight")
        let firstBias = parameter("\(name)/0/bias")
        let second = parameter("\(name)/1/weight")
        let secondBias = parameter("\(name)/1/bias")
        let hidden = builder.tanh(builder.biasAdd(builder.matmul(input, first), firstBias))
        return builder.biasAdd(builder.matmul(hidden, second), secondBias)
    }

    /// One number: the output itself where it is a loss, else its sum weighted by `mix`.
    mutating func makeLoss(of output: Tensor) -> Tensor {
        guard let mix = source.mix else { return output }
        let weights = builder.input(rows: output.rows, columns: output.columns)
        inputs.append((weights, mix.values))
        let ones = builder.constant(1, rows: output.rows, columns: 1)
        return builder.matmul(ones, builder.rowDot(output, weights), transposeLeft: true)
    }
}
