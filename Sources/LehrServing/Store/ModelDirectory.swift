import LehrArtifact
package import LehrCore

/// The directory `ROOT/NAME/VERSION/` in which exports appear.
package struct ModelDirectory: Sendable {
    /// Most models that are looked at, in the order of their names.
    package static let modelLimit = 100
    /// Most versions of a model that are looked at, the highest.
    package static let versionLimit = 100

    package let root: String
    private let files: any FileSystem

    package init(root: String, files: any FileSystem) {
        self.root = root
        self.files = files
    }

    /// The versions of each model whose export is complete: those with a manifest.
    ///
    /// A version is a decimal number without leading zeros; other names are passed over.
    package func scan() throws(FileSystemError) -> [String: [UInt64]] {
        var listing: [String: [UInt64]] = [:]
        for name in try files.list(root) where listing.count < Self.modelLimit {
            let path = root + "/" + name
            guard !name.hasPrefix("."), files.isDirectory(path) else { continue }
            let versions = try files.list(path).compactMap { Self.version($0) }
                .sorted(by: >).prefix(Self.versionLimit)
                .filter { files.size("\(path)/\($0)/\(Manifest.fileName)") != nil }
            if !versions.isEmpty { listing[name] = Array(versions) }
        }
        return listing
    }

    /// Reads and verifies one export.
    package func load(_ id: ModelVersion) throws(ModelLoadError) -> ServingModel {
        try ServingModel.load("\(root)/\(id.name)/\(id.version)", files: files)
    }

    private static func version(_ name: String) -> UInt64? {
        UInt64(name).flatMap { String($0) == name ? $0 : nil }
    }
}
