import FoundationEssentials

extension Manifest {
    func encoded(path: String) throws(ArtifactError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do { return try Array(encoder.encode(self)) } catch {
            throw .manifest(file: path, key: "document", problem: "\(error)")
        }
    }

    static func decode(_ bytes: [UInt8], path: String) throws(ArtifactError) -> Manifest {
        let manifest: Manifest
        do {
            manifest = try JSONDecoder().decode(Manifest.self, from: Data(bytes))
        } catch let error as DecodingError {
            let (key, problem) = jsonKeyAndProblem(error)
            throw .manifest(file: path, key: key.isEmpty ? "document" : key, problem: problem)
        } catch {
            throw .manifest(file: path, key: "document", problem: "\(error)")
        }
        try manifest.validate(path: path)
        return manifest
    }

    /// Checks what the types alone do not say.
    func validate(path: String) throws(ArtifactError) {
        func require(_ condition: Bool, _ key: String, _ problem: String) throws(ArtifactError) {
            guard condition else { throw .manifest(file: path, key: key, problem: problem) }
        }
        try require(
            formatVersion == Self.currentVersion, "formatVersion",
            "\(formatVersion) is not supported; this program reads \(Self.currentVersion)")
        try require(!model.name.isEmpty, "model.name", "must not be empty")
        try require(
            Set(segments.map { $0.file }).count == segments.count, "segments",
            "a file is named twice")
        for (index, segment) in segments.enumerated() {
            let key = "segments[\(index)]"
            try require(isPlainName(segment.file), key + ".file", "must be a plain file name")
            try require(segment.bytes >= 0, key + ".bytes", "must not be negative")
            try require(
                segment.sha256.utf8.count == 64
                    && segment.sha256.utf8.allSatisfy {
                        (48...57).contains($0) || (97...102).contains($0)
                    },
                key + ".sha256", "must be 64 lower-case hexadecimal digits")
        }
    }
}

/// Whether a name stays in its directory and is not the manifest's own.
func isPlainName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && name != Manifest.fileName
        && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
}
