import Glibc

/// How much memory this process may have, by what the kernel says in files.
struct SystemMemory: Equatable {
    let bytes: Int
    /// The file that says so.
    let source: String

    /// The smallest of the machine's memory and the limits of the process's control groups.
    ///
    /// - Parameters:
    ///   - machine: the text of `/proc/meminfo`.
    ///   - limits: `limitFiles` with the texts of those that there are. `max` is no limit.
    /// - Returns: nil when there is neither.
    init?(machine: String, limits: [(file: String, text: String)]) {
        var found = limits.compactMap { limit -> SystemMemory? in
            let number = limit.text.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
            return number.map { SystemMemory(bytes: $0, source: limit.file) }
        }
        if let total = Self.total(machine) {
            found.append(SystemMemory(bytes: total, source: Self.machineFile))
        }
        guard let smallest = found.min(by: { $0.bytes < $1.bytes }) else { return nil }
        self = smallest
    }

    private init(bytes: Int, source: String) {
        self.bytes = bytes
        self.source = source
    }

    /// What tables may take of it: all but a fifth, and all but 512 MiB or a half.
    ///
    /// The rest is for what grows with the tables (descriptions of their chunks and segments,
    /// snapshots under way) and for what does not: messages on their way, staged steps, the heaps
    /// that each core keeps, the program itself. Where there is less than a gibibyte, half must do.
    var tableBytes: Int { bytes - max(bytes / 5, min(512 << 20, bytes / 2)) }

    /// Files with the memory limits of the control groups that `/proc/self/cgroup` names, and of
    /// those around them; of version 2 and 1. Most need not exist.
    static func limitFiles(groups: String) -> [String] {
        groups.split(separator: "\n").flatMap { line -> [String] in
            let fields = line.split(
                separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return [] }
            if fields[0] == "0", fields[1].isEmpty {
                return paths(root: "/sys/fs/cgroup", fields[2], "memory.max")
            }
            guard fields[1].split(separator: ",").contains("memory") else { return [] }
            return paths(root: "/sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes")
        }
    }

    private static func paths(root: String, _ group: Substring, _ file: String) -> [String] {
        var folder = root
        var paths = ["\(root)/\(file)"]
        // A group outside of this process's name space has `..` in it.
        for part in group.split(separator: "/").prefix(depthLimit) where part != ".." {
            folder += "/\(part)"
            paths.append("\(folder)/\(file)")
        }
        return paths
    }

    private static func total(_ text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("MemTotal:") {
            let words = line.split(separator: " ")
            guard words.count == 3, words[2] == "kB", let kibibytes = Int(words[1]),
                kibibytes < Int.max >> 10
            else { return nil }
            return kibibytes << 10
        }
        return nil
    }

    private static let depthLimit = 32
    private static let machineFile = "/proc/meminfo"
}

extension SystemMemory {
    /// As the kernel says now.
    static func current() -> SystemMemory? {
        let files = limitFiles(groups: text(of: "/proc/self/cgroup") ?? "")
        return SystemMemory(
            machine: text(of: machineFile) ?? "",
            limits: files.compactMap { file in text(of: file).map { (file, $0) } })
    }

    /// At most 16 KiB of it: such files have no size that could be asked for.
    private static func text(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}
