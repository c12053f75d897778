import Glibc

/// The machine's file system.
package struct LocalFileSystem: FileSystem {
    package init() {}

    package func read(_ path: String, limit: Int) throws(FileSystemError) -> [UInt8] {
        let file = try Descriptor.open(path, flags: O_RDONLY, operation: "read")
        let size = try file.size()
        guard size <= limit else {
            throw FileSystemError(operation: "read", path: path, reason: .tooLong(limit: limit))
        }
        var bytes = [UInt8](repeating: 0, count: size)
        var filled = 0
        while filled < size {
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(file.number, buffer.baseAddress.map { $0 + filled }, size - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            guard count > 0 else { break }
            filled += count
        }
        bytes.removeLast(size - filled)
        return bytes
    }

    package func map(_ path: String) throws(FileSystemError) -> MappedFile {
        let file = try Descriptor.open(path, flags: O_RDONLY, operation: "map")
        let size = try file.size()
        guard size > 0 else {
            return MappedFile(path: path, bytes: UnsafeRawBufferPointer(start: nil, count: 0)) {
                _ in
            }
        }
        guard let base = mmap(nil, size, PROT_READ, MAP_SHARED, file.number, 0), base != MAP_FAILED
        else { throw failure("map", path) }
        return MappedFile(path: path, bytes: UnsafeRawBufferPointer(start: base, count: size)) {
            munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
        }
    }

    package func create(_ path: String) throws(FileSystemError) -> any FileWriter {
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        return LocalFileWriter(
            file: try Descriptor.open(path, flags: flags, operation: "create"))
    }

    package func createDirectory(_ path: String) throws(FileSystemError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += (prefix.isEmpty || prefix.hasSuffix("/") ? "" : "/") + part
            if mkdir(prefix, 0o755) != 0, errno != EEXIST {
                throw failure("create directory", prefix)
            }
        }
        guard isDirectory(path) else {
            throw FileSystemError(
                operation: "create directory", path: path,
                reason: .system(code: ENOTDIR, text: "a file of that name is in the way"))
        }
    }

    package func rename(_ source: String, to target: String) throws(FileSystemError) {
        guard Glibc.rename(source, target) == 0 else { throw failure("rename", source) }
        let parent = target.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = parent.isEmpty ? "." : parent.joined(separator: "/")
        let directory = try Descriptor.open(
            folder.isEmpty ? "/" : folder, flags: O_RDONLY | O_DIRECTORY, operation: "sync")
        guard fsync(directory.number) == 0 else { throw failure("sync", folder) }
    }

    package func remove(_ path: String) throws(FileSystemError) {
        if unlink(path) == 0 || errno == ENOENT { return }
        guard isDirectory(path) else { throw failure("remove", path) }
        for name in try list(path) { try remove(path + "/" + name) }
        guard rmdir(path) == 0 else { throw failure("remove", path) }
    }

    package func list(_ path: String) throws(FileSystemError) -> [String] {
        guard let directory = opendir(path) else { throw failure("list", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    package func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

extension LocalFileSystem: PrivateFileSystem {
    package func createPrivate(_ path: String) throws(FileSystemError) -> any FileWriter {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("replace", path) }
        // Exclusively, so that a link put there meanwhile is not followed.
        return LocalFileWriter(
            file: try Descriptor.open(
                path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600, operation: "create"))
    }

    package func createPrivateDirectory(_ path: String) throws(FileSystemError) {
        guard mkdir(path, 0o700) == 0 else { throw failure("create directory", path) }
    }
}

private final class LocalFileWriter: FileWriter {
    private let file: Descriptor

    init(file: Descriptor) { self.file = file }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(file.number, chunk.baseAddress, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("write", file.path) }
            rest = rest.dropFirst(count)
        }
    }

    func finish() throws(FileSystemError) {
        guard fsync(file.number) == 0 else { throw failure("sync", file.path) }
    }
}

/// An open file descriptor, closed with its last reference.
private final class Descriptor {
    let number: CInt
    let path: String

    private init(number: CInt, path: String) {
        self.number = number
        self.path = path
    }

    static func open(
        _ path: String, flags: CInt, mode: mode_t = 0o644, operation: String
    ) throws(FileSystemError) -> Descriptor {
        let number = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard number >= 0 else { throw failure(operation, path) }
        return Descriptor(number: number, path: path)
    }

    func size() throws(FileSystemError) -> Int {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw failure("read", path) }
        return Int(status.st_size)
    }

    deinit { close(number) }
}

private func failure(_ operation: String, _ path: String) -> FileSystemError {
    let code = errno
    guard code != ENOENT else {
        return FileSystemError(operation: operation, path: path, reason: .notFound)
    }
    return FileSystemError(
        operation: operation, path: path,
        reason: .system(code: code, text: String(cString: strerror(code))))
}
