import FoundationEssentials

/// A manifest as JSON: of an export or of a table snapshot.
protocol ManifestDocument: Codable {
    static var currentVersion: Int { get }
    var formatVersion: Int { get }
    var segments: [Manifest.Segment] { get }
    /// Checks what the types alone do not say.
    func validate(path: String) throws(ArtifactError)
}

extension ManifestDocument {
    func encoded(path: String) throws(ArtifactError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do { return try Array(encoder.encode(self)) } catch {
            throw .manifest(file: path, key: "document", problem: "\(error)")
        }
    }

    static func decode(_ bytes: [UInt8], path: String) throws(ArtifactError) -> Self {
        let manifest: Self
        do {
            manifest = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch let error as DecodingError {
            // Another version may well lack what this one needs; then the version is what is wrong.
            if let version = try? JSONDecoder().decode(Version.self, from: Data(bytes)) {
                try requireVersion(version.formatVersion, path: path)
            }
            let (key, problem) = jsonKeyAndProblem(error)
            throw .manifest(file: path, key: key.isEmpty ? "document" : key, problem: problem)
        } catch {
            throw .manifest(file: path, key: "document", problem: "\(error)")
        }
        try manifest.validate(path: path)
        return manifest
    }

    /// Checks the version, and all of the segments but their tensors.
    func validateCommon(path: String) throws(ArtifactError) {
        func require(_ condition: Bool, _ key: String, _ problem: String) throws(ArtifactError) {
            guard condition else { throw .manifest(file: path, key: key, problem: problem) }
        }
        try Self.requireVersion(formatVersion, path: path)
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

    private static func requireVersion(_ version: Int, path: String) throws(ArtifactError) {
        guard version == currentVersion else {
            throw .manifest(
                file: path, key: "formatVersion",
                problem: "\(version) is not supported; this program reads \(currentVersion)")
        }
    }
}

private struct Version: Codable {
    var formatVersion: Int
}

/// Whether a name stays in its directory and is not the manifest's own.
func isPlainName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && name != Manifest.fileName
        && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
}
