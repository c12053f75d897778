import LehrReactor

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
    /// those around them.
    static func limitFiles(groups: String) -> [String] {
        ControlGroups.files(groups: groups, controller: "memory", v2: v2File, v1: v1File)
    }

    private static let v2File = "memory.max"
    private static let v1File = "memory.limit_in_bytes"

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

    private static let machineFile = "/proc/meminfo"
}

extension SystemMemory {
    /// As the kernel says now.
    static func current() -> SystemMemory? {
        SystemMemory(
            machine: ControlGroups.text(of: machineFile) ?? "",
            limits: ControlGroups.read(controller: "memory", v2: v2File, v1: v1File))
    }
}
