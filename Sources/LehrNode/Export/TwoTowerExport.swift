import LehrArtifact
import LehrCore
import LehrData
import LehrMembership
import LehrModel
import LehrTable

/// Runs both towers over all users and items and writes their vectors.
struct TwoTowerExport {
    let source: Exporter.Source
    let model: TwoTowerSpec
    let progress: @Sendable (String) -> Void

    func write(to artifact: ArtifactWriter) async throws {
        guard let users = source.table("user"), let items = source.table("item"),
            let itemFile = source.dataset.items
        else { throw ClientError("the job's tables or data set are not those of two towers") }
        let scorer = TowerScorer(model)
        try await setDense(scorer)
        let catalog = try ItemCatalog(
            path: source.spec.data.path + "/" + itemFile.name, files: source.files)
        let writer = try TwoTowerExportWriter(artifact, dimension: scorer.columns)
        progress("\(Formatting.count(catalog.count)) items")
        let rows = try await source.reader.pull(catalog.keys, of: items)
        var biases: [Float]?
        if let table = source.table("item-bias") {
            biases = try await source.reader.pull(catalog.keys, of: table)
        }
        let vectors = rows.withUnsafeBufferPointer { rows in
            guard let biases else { return scorer.itemVectors(rows: rows, biases: nil) }
            return biases.withUnsafeBufferPointer { scorer.itemVectors(rows: rows, biases: $0) }
        }
        try writer.appendItems(
            keys: catalog.keys, vectors: vectors, counts: catalog.counts, titles: catalog.titles)
        progress("what users have seen")
        let seen = try seenItems(catalog)
        for partition in users.partitions.indices {
            progress("users, partition \(partition + 1) of \(users.partitions.count)")
            let rows = try await source.reader.scan(partition, of: users.id)
            let vectors = rows.weights.withUnsafeBufferPointer { scorer.userVectors(rows: $0) }
            try writer.appendUsers(
                keys: rows.keys, vectors: vectors, seen: rows.keys.map { seen[$0] ?? [] })
        }
    }

    /// The towers' layers: every table whose keys are rows.
    private func setDense(_ scorer: TowerScorer) async throws {
        var layers: [[Float]] = []
        for table in source.tables {
            guard case .rows(let count) = table.spec.keys else { continue }
            layers.append(try await source.reader.pull(Array(0..<count), of: table))
        }
        let buffers = layers.map { layer in
            let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: layer.count)
            _ = buffer.initialize(from: layer)
            return buffer
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        scorer.setDense(buffers.map { UnsafeBufferPointer($0) })
    }

    /// Rows of the catalogue by user: all training pairs, and the validation pairs taken from them.
    private func seenItems(_ catalog: ItemCatalog) throws -> [UInt64: [Int32]] {
        var seen: [UInt64: [Int32]] = [:]
        for file in source.dataset.train {
            let block = try load(file, source.dataset.trainFormat)
            for example in 0..<block.count {
                guard let user = block.columns[0].keys(of: example).first,
                    let item = block.columns[1].keys(of: example).first,
                    let row = catalog.row(of: item)
                else { continue }
                seen[user, default: []].append(Int32(row))
            }
        }
        let held = try load(source.dataset.validation, source.dataset.heldOutFormat)
        for example in 0..<held.count {
            // A candidate list begins with the pair that was held out.
            guard let user = held.columns[0].keys(of: example).first,
                let item = held.columns[1].keys(of: example).first, let row = catalog.row(of: item)
            else { continue }
            seen[user, default: []].append(Int32(row))
        }
        return seen.mapValues { $0.sorted() }
    }

    private func load(_ file: Dataset.File, _ format: LineFormat) throws -> Block {
        try BlockLoader(
            file: source.spec.data.path + "/" + file.name, format: format, files: source.files
        ).load()
    }
}
