import LehrCore

/// Files in memory, of a process that can be killed between any two of its operations.
final class MemoryFiles: PrivateFileSystem, @unchecked Sendable {
    // Unchecked: a test uses it from its own thread only.
    private(set) var contents: [String: [UInt8]] = [:]
    private(set) var directories: Set<String> = []
    /// Paths of mode 0600 or 0700.
    private(set) var isPrivate: Set<String> = []
    /// Operations that change something, so far.
    private(set) var operations = 0
    /// The operation at which the process dies; nothing works from then on.
    var dieAt = Int.max

    var isDead: Bool { operations >= dieAt }

    func step(_ path: String) throws(FileSystemError) {
        guard !isDead else { throw Self.failure("write", path, "the process was killed") }
        operations += 1
        guard !isDead else { throw Self.failure("write", path, "the process was killed") }
    }

    /// What another process finds.
    func afterwards() -> MemoryFiles {
        let copy = MemoryFiles()
        (copy.contents, copy.directories, copy.isPrivate) = (contents, directories, isPrivate)
        return copy
    }

    func put(_ path: String, _ bytes: [UInt8]?) { contents[path] = bytes }

    // MARK: - FileSystem

    func read(_ path: String, limit: Int) throws(FileSystemError) -> [UInt8] {
        guard let bytes = contents[path] else {
            throw FileSystemError(operation: "read", path: path, reason: .notFound)
        }
        guard bytes.count <= limit else {
            throw FileSystemError(operation: "read", path: path, reason: .tooLong(limit: limit))
        }
        return bytes
    }

    func map(_ path: String) throws(FileSystemError) -> MappedFile {
        throw Self.failure("map", path, "not here")
    }

    func create(_ path: String) throws(FileSystemError) -> any FileWriter {
        try step(path)
        isPrivate.remove(path)
        contents[path] = []
        return Writer(path, self)
    }

    func createPrivate(_ path: String) throws(FileSystemError) -> any FileWriter {
        try step(path)
        isPrivate.insert(path)
        contents[path] = []
        return Writer(path, self)
    }

    func createDirectory(_ path: String) throws(FileSystemError) {
        try step(path)
        directories.insert(path)
    }

    func createPrivateDirectory(_ path: String) throws(FileSystemError) {
        guard !directories.contains(path) else { throw Self.failure("create", path, "exists") }
        try step(path)
        directories.insert(path)
        isPrivate.insert(path)
    }

    func rename(_ source: String, to target: String) throws(FileSystemError) {
        try step(source)
        let moved = { (path: String) in
            path == source || path.hasPrefix(source + "/")
                ? target + path.dropFirst(source.count) : path
        }
        contents[target] = nil
        for path in contents.keys.sorted() where moved(path) != path {
            contents[moved(path)] = contents.removeValue(forKey: path)
        }
        directories = Set(directories.map(moved))
        isPrivate.remove(target)
        isPrivate = Set(isPrivate.map(moved))
    }

    func remove(_ path: String) throws(FileSystemError) {
        guard size(path) != nil else { return }
        try step(path)
        let isInside = { (other: String) in other == path || other.hasPrefix(path + "/") }
        contents = contents.filter { !isInside($0.key) }
        directories = directories.filter { !isInside($0) }
        isPrivate = isPrivate.filter { !isInside($0) }
    }

    func list(_ path: String) throws(FileSystemError) -> [String] {
        guard isDirectory(path) else { throw Self.failure("list", path, "no directory") }
        return contents.keys.filter { $0.hasPrefix(path + "/") }
            .map { String($0.dropFirst(path.count + 1)) }.sorted()
    }

    func size(_ path: String) -> Int? {
        contents[path]?.count ?? (directories.contains(path) ? 0 : nil)
    }

    func isDirectory(_ path: String) -> Bool { directories.contains(path) }

    private static func failure(_ what: String, _ path: String, _ why: String) -> FileSystemError {
        FileSystemError(operation: what, path: path, reason: .system(code: 5, text: why))
    }

    private final class Writer: FileWriter {
        let path: String
        let files: MemoryFiles

        init(_ path: String, _ files: MemoryFiles) {
            self.path = path
            self.files = files
        }

        func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {
            try files.step(path)
            files.contents[path, default: []] += bytes
        }

        func finish() throws(FileSystemError) { try files.step(path) }
    }
}
