import LehrCore

/// Writes the files of a data set into a directory, `dataset.json` last.
struct DatasetWriter {
    let directory: String
    let files: any FileSystem
    let options: PrepareOptions

    private var descriptor: String { directory + "/" + Dataset.fileName }

    /// Refuses a directory with a data set that is not to be replaced, or with source files, some
    /// of which have the names that are about to be written.
    func check() throws(DataError) {
        if files.size(descriptor) != nil, !options.replace {
            throw .alreadyPrepared(directory: directory)
        }
        switch try? SourceLayout.detect(directory, files: files) {
        case nil, .libsvm: return
        case .explicitSplit, .ratings:
            throw .unusable(
                path: directory,
                problem: "holds source data; prepare it into another directory")
        }
    }

    /// Makes the directory ready: from here until the end it holds no data set.
    func begin() throws(DataError) {
        try check()
        try translating { () throws(FileSystemError) in
            try files.createDirectory(directory)
            try files.remove(descriptor)
        }
    }

    /// Writes `count` training lines in a seeded random order, evenly over the parts, so that any
    /// part is a fair sample of all. `append` writes line `index` without its end.
    func writeTrain(
        count: Int, suffix: String, append: (_ index: Int, TextWriter) -> Void
    ) throws(DataError) -> [Dataset.File] {
        try writeParts(
            shuffled(count: count, random: options.random(.globalShuffle)), suffix: suffix,
            append: append)
    }

    /// Writes the lines named by `order` evenly over the parts.
    func writeParts(
        _ order: [UInt32], suffix: String, append: (_ index: Int, TextWriter) -> Void
    ) throws(DataError) -> [Dataset.File] {
        guard !order.isEmpty else {
            throw .unusable(path: directory, problem: "no training example is left")
        }
        let parts = min(options.parts, order.count)
        var result: [Dataset.File] = []
        for part in 0..<parts {
            let number = String(part)
            let digits = String(repeating: "0", count: max(0, 5 - number.utf8.count)) + number
            let range = order.count * part / parts..<order.count * (part + 1) / parts
            result.append(
                try write("train-\(digits).\(suffix).gz", order[range], append: append))
        }
        return result
    }

    /// Writes one file of the lines named by `order`.
    func write(
        _ name: String, _ order: ArraySlice<UInt32>,
        append: (_ index: Int, TextWriter) -> Void
    ) throws(DataError) -> Dataset.File {
        let writer = try TextWriter(path: directory + "/" + name, files: files)
        for index in order {
            append(Int(index), writer)
            try writer.endLine()
        }
        try writer.finish()
        return Dataset.File(name: name, examples: writer.lineCount)
    }

    func writeCandidates(
        _ name: String, _ lines: [CandidateLine]
    ) throws(DataError) -> Dataset.File {
        let writer = try TextWriter(path: directory + "/" + name, files: files)
        for line in lines {
            writer.append(line.user)
            writer.append(byte: tab)
            writer.append(line.positive)
            for negative in line.negatives {
                writer.append(byte: tab)
                writer.append(negative)
            }
            try writer.endLine()
        }
        try writer.finish()
        return Dataset.File(name: name, examples: writer.lineCount)
    }

    /// Writes the catalogue in ascending order of keys; tabs in titles become blanks.
    func writeItems(
        counts: [UInt64: UInt64], titles: [UInt64: String]
    ) throws(DataError) -> Dataset.File {
        let name = "items.tsv"
        let writer = try TextWriter(path: directory + "/" + name, files: files)
        for key in Set(counts.keys).union(titles.keys).sorted() {
            writer.append(key)
            writer.append(byte: tab)
            writer.append(counts[key] ?? 0)
            writer.append(byte: tab)
            writer.append((titles[key] ?? "").utf8.map { $0 < 32 ? 32 : $0 })
            try writer.endLine()
        }
        try writer.finish()
        return Dataset.File(name: name, examples: writer.lineCount)
    }
}
