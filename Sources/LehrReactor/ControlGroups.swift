import Glibc

/// Where the kernel says what the control groups of this process limit, in version 2 and 1.
package enum ControlGroups {
    /// The files `v2` or `v1` of the groups that `groups` names and of those around them, outermost
    /// first. Most need not exist.
    ///
    /// - Parameters:
    ///   - groups: the text of `/proc/self/cgroup`.
    ///   - controller: `cpu`, `memory`; as version 1 names its hierarchies.
    package static func files(
        groups: String, controller: String, v2: String, v1: String
    ) -> [String] {
        groups.split(separator: "\n").flatMap { line -> [String] in
            let fields = line.split(
                separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return [] }
            if fields[0] == "0", fields[1].isEmpty { return paths(root, fields[2], v2) }
            guard fields[1].split(separator: ",").contains(Substring(controller)) else { return [] }
            return paths("\(root)/\(controller)", fields[2], v1)
        }
    }

    /// The files that there are of those that this process's groups may have, with their texts.
    package static func read(
        controller: String, v2: String, v1: String
    ) -> [(file: String, text: String)] {
        let groups = text(of: "/proc/self/cgroup") ?? ""
        return files(groups: groups, controller: controller, v2: v2, v1: v1)
            .compactMap { file in text(of: file).map { (file, $0) } }
    }

    /// At most 16 KiB of it: such files have no size that could be asked for. nil: it cannot be read.
    package static func text(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    private static let root = "/sys/fs/cgroup"
    private static let depthLimit = 32

    private static func paths(_ root: String, _ group: Substring, _ file: String) -> [String] {
        var folder = root
        var paths = ["\(root)/\(file)"]
        // A group outside of this process's name space has `..` in it.
        for part in group.split(separator: "/").prefix(depthLimit) where part != ".." {
            folder += "/\(part)"
            paths.append("\(folder)/\(file)")
        }
        return paths
    }
}
