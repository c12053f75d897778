import FoundationEssentials
package import LehrCore

extension Dataset {
    /// Reads `dataset.json` of a directory and checks that it makes sense and its files exist.
    package init(directory: String, files: any FileSystem) throws(DataError) {
        let path = directory + "/" + Self.fileName
        guard files.size(path) != nil else {
            throw .unusable(
                path: directory,
                problem: "not a prepared data set (no \(Self.fileName)); run `lehr data prepare`")
        }
        let bytes = try translating { () throws(FileSystemError) in
            try files.read(path, limit: DataLimits.descriptorBytes)
        }
        self = try Self.decode(bytes, path: path)
        try validate(path: path)
        for file in train + [validation, test, items].compactMap({ $0 }) {
            guard files.size(directory + "/" + file.name) != nil else {
                throw .missingFile(directory: directory, name: file.name)
            }
        }
    }

    /// Writes `dataset.json` by rename, so that it is either whole or absent.
    package func write(to directory: String, files: any FileSystem) throws(DataError) {
        let path = directory + "/" + Self.fileName
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let text: [UInt8]
        do { text = try Array(encoder.encode(self)) } catch {
            throw .descriptor(file: path, key: "document", problem: "\(error)")
        }
        try translating { () throws(FileSystemError) in try files.replace(path, with: text) }
    }

    private static func decode(_ bytes: [UInt8], path: String) throws(DataError) -> Dataset {
        do {
            return try JSONDecoder().decode(Dataset.self, from: Data(bytes))
        } catch let error as DecodingError {
            let (key, problem) = explain(error)
            throw .descriptor(file: path, key: key, problem: problem)
        } catch {
            throw .descriptor(file: path, key: "document", problem: "\(error)")
        }
    }

    private func validate(path: String) throws(DataError) {
        func require(_ condition: Bool, _ key: String, _ problem: String) throws(DataError) {
            guard condition else { throw .descriptor(file: path, key: key, problem: problem) }
        }
        try require(
            formatVersion == Self.currentVersion, "formatVersion",
            "\(formatVersion) is not supported; this program reads \(Self.currentVersion)")
        try require(!train.isEmpty, "train", "at least one file is needed")
        try require(train.count <= DataLimits.parts, "train", "over \(DataLimits.parts) files")
        for (key, file) in namedFiles {
            try require(isPlainName(file.name), "\(key).name", "must be a plain file name")
            try require(
                (0...Int(UInt32.max)).contains(file.examples), "\(key).examples",
                "must be 0 to \(UInt32.max)")
        }
        try require(trainExamples > 0, "train", "there is no example to train on")
        try require(
            Set(train.map { $0.name }).count == train.count, "train", "a file is named twice")
    }

    private var namedFiles: [(String, File)] {
        train.enumerated().map { ("train[\($0.offset)]", $0.element) }
            + [("validation", validation), ("test", test), ("items", items)]
            .compactMap { key, file in file.map { (key, $0) } }
    }
}

/// Whether a name stays in its directory.
private func isPlainName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".."
        && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
}

/// The key a decoding error is about, and the problem in a few words.
private func explain(_ error: DecodingError) -> (key: String, problem: String) {
    func name(_ path: [any CodingKey]) -> String {
        guard !path.isEmpty else { return "document" }
        return path.reduce("") { text, key in
            if let index = key.intValue { return text + "[\(index)]" }
            return text.isEmpty ? key.stringValue : text + "." + key.stringValue
        }
    }
    switch error {
    case .keyNotFound(let key, let context):
        return (name(context.codingPath + [key]), "is missing")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
        return (name(context.codingPath), "must be of type \(type)")
    case .dataCorrupted(let context):
        // The decoder forgets the key of a number that its field cannot hold.
        let hint = context.codingPath.isEmpty ? " (or a number in it is out of range)" : ""
        return (name(context.codingPath), context.debugDescription + hint)
    @unknown default: return ("document", "\(error)")
    }
}
