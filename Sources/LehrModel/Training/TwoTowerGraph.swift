import LehrGraph

/// The training graph of a two-tower model: each distinct user and item passes its tower once.
struct TwoTowerGraph {
    private let graph: Graph
    /// In the order of the job's tables.
    private let parameters: [Tensor]
    private let userRows: Extent
    private let itemRows: Extent
    /// Entries of `users` and `items`: examples, or pairs for binary cross entropy.
    private let pairs: Extent
    private let examples: Extent
    private let users: ColumnSlot
    private let items: ColumnSlot
    private let sampling: Sampling
    private let loss: Tensor

    private enum Sampling {
        case inBatch(IdentitySlot, offsets: Tensor, positive: Tensor)
        case sampled(
            IdentitySlot, offsets: Tensor, positive: Tensor, negatives: ColumnSlot, drawn: Extent)
        case binary(targets: Tensor)
    }

    init(_ model: TwoTowerSpec, batchSize: Int) {
        var builder = GraphBuilder()
        userRows = builder.extent(expected: batchSize)
        itemRows = builder.extent(expected: batchSize)
        let isBinary = model.loss == .binaryCrossEntropy
        examples = builder.extent(expected: batchSize)
        let entries = isBinary ? batchSize * (model.negatives + 1) : batchSize
        pairs = isBinary ? builder.extent(expected: entries) : examples
        users = builder.column()
        items = builder.column()
        let user = Tower.user(model, extent: userRows, in: &builder)
        let item = Tower.item(model, extent: itemRows, in: &builder)
        parameters =
            [user.rows, item.rows] + (item.biases.map { [$0] } ?? []) + user.dense
            + item.dense
        let userVectors = builder.lookup(user.vectors, users, rows: pairs)
        let itemVectors = builder.lookup(item.vectors, items, rows: pairs)
        guard !isBinary else {
            let targets = builder.input(rows: pairs, columns: 1)
            sampling = .binary(targets: targets)
            loss = builder.binaryCrossEntropy(
                logits: builder.rowDot(userVectors, itemVectors), targets: targets,
                examples: examples)
            graph = builder.build()
            return
        }
        let identities = builder.identity()
        let positive = builder.input(rows: pairs, columns: 1)
        if model.loss == .inBatchSoftmax {
            let offsets = builder.input(rows: pairs, columns: 1)
            sampling = .inBatch(identities, offsets: offsets, positive: positive)
            loss = builder.inBatchSoftmax(
                users: userVectors, items: itemVectors, identities: identities, offsets: offsets,
                positiveOffsets: positive)
        } else {
            let drawn = builder.extent(expected: model.negatives)
            let negatives = builder.column()
            let offsets = builder.input(rows: drawn, columns: 1)
            sampling = .sampled(
                identities, offsets: offsets, positive: positive, negatives: negatives,
                drawn: drawn)
            loss = builder.sampledSoftmax(
                users: userVectors, items: itemVectors,
                negatives: builder.lookup(item.vectors, negatives, rows: drawn),
                identities: identities, offsets: offsets, positiveOffsets: positive)
        }
        graph = builder.build()
    }

    /// Sets the extents and everything but the tables' rows.
    func bind(
        _ content: PairContent, examples count: Int, users userCount: Int, items itemCount: Int
    ) {
        graph.setRows(userRows, userCount)
        graph.setRows(itemRows, itemCount)
        graph.setRows(pairs, content.users.count)
        graph.setRows(examples, count)
        graph.bind(users, SparseColumn(rows: content.users))
        graph.bind(items, SparseColumn(rows: content.items))
        switch sampling {
        case .binary(let targets): graph.set(targets, content.targets)
        case .inBatch(let identities, let offsets, let positive):
            graph.bind(identities, content.items)
            graph.set(offsets, content.offsets)
            graph.set(positive, content.positiveOffsets)
        case .sampled(let identities, let offsets, let positive, let negatives, let drawn):
            graph.setRows(drawn, content.negatives.count)
            graph.bind(identities, content.items + content.negatives)
            graph.bind(negatives, SparseColumn(rows: content.negatives))
            graph.set(offsets, content.offsets)
            graph.set(positive, content.positiveOffsets)
        }
    }

    /// The mean loss; fills `gradients`. After `bind`.
    func run(rows: [RowValues], gradients: [RowGradients]) -> Double {
        for (index, parameter) in parameters.enumerated() {
            graph.bind(parameter, values: rows[index], gradients: gradients[index])
        }
        graph.forward()
        graph.backward(from: loss)
        return Double(graph.values(of: loss)[0])
    }
}
