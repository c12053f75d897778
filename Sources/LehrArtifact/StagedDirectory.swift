import LehrCore

/// A directory that appears all at once: it is filled beside its target and then renamed.
///
/// After a crash the target does not exist, and the next directory staged for it clears what was left
/// beside it.
struct StagedDirectory {
    let target: String
    /// Where the files go meanwhile.
    let path: String
    let files: any FileSystem

    init(target: String, files: any FileSystem) throws(ArtifactError) {
        let target = target.hasSuffix("/") ? String(target.dropLast()) : target
        guard files.size(target) == nil else { throw .targetExists(path: target) }
        let path = target + ".partial"
        self.target = target
        self.path = path
        self.files = files
        try translating { () throws(FileSystemError) in
            try files.remove(path)
            try files.createDirectory(path)
        }
    }

    /// Writes the manifest, behind all that it names, and makes the directory visible.
    func publish(manifest: [UInt8]) throws(ArtifactError) {
        try translating { () throws(FileSystemError) in
            try files.replace(path + "/" + Manifest.fileName, with: manifest)
            try files.rename(path, to: target)
        }
    }

    /// Removes all that was written.
    func abandon() throws(ArtifactError) {
        try translating { () throws(FileSystemError) in try files.remove(path) }
    }
}
