import FoundationEssentials
import Glibc
import LehrCore
import Synchronization

/// Roles of this binary as processes on loopback, each with its log file.
final class LocalCluster: Sendable {
    private struct Child {
        let name: String
        let role: String
        let pid: pid_t
        private var hasEnded = false

        init(name: String, role: String, pid: pid_t) {
            (self.name, self.role, self.pid) = (name, role, pid)
        }

        /// Once it has ended, its number may be another's, so nothing else may ask for it.
        mutating func isRunning() -> Bool {
            if !hasEnded { hasEnded = waitpid(pid, nil, WNOHANG) == pid }
            return !hasEnded
        }

        mutating func end(by signal: Int32) {
            if isRunning() { kill(pid, signal) }
        }
    }

    private let folder: String
    private let children = Mutex<[Child]>([])

    init(folder: String) { self.folder = folder }

    /// Whether nothing was ever started, so that there are no logs either.
    var isEmpty: Bool { children.withLock { $0.isEmpty } }

    /// Starts `lehr ROLE ARGUMENTS`; its output goes to `FOLDER/NAME.log`.
    func start(_ role: String, name: String, _ arguments: [String]) throws {
        let path = "\(folder)/\(name).log"
        let log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else {
            throw ClientError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(log) }
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(nothing) }
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // These speak on loopback, in cleartext, and ask nobody for a token.
        let environment = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("LEHR_TLS_") && !$0.key.hasPrefix("LEHR_TOKEN")
        }
        // Read here for addresses, and by people where it failed.
        let command = [program, role, "--log-format", "text"] + arguments
        // Who ends all of them must not miss one that is just being started.
        try children.withLock { children in
            let pid = try Program.start(
                command, environment: environment, leadsGroup: true, input: nothing, output: log,
                errors: log)
            children.append(Child(name: name, role: role, pid: pid))
        }
    }

    /// The value of `key` in the line with which a role says that it is ready.
    func address(of name: String, key: String) async throws -> String {
        let path = "\(folder)/\(name).log"
        for _ in 0..<600 {
            let log = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            if let line = log.split(separator: "\n").last(where: { $0.contains(" ready") }),
                let field = line.split(separator: " ").first(where: { $0.hasPrefix("\(key)=") })
            {
                return String(field.dropFirst(key.count + 1))
            }
            if !isRunning(name) {
                throw ClientError("\(name) ended at once:\n\(log.suffix(2000))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ClientError("\(name) is not ready after 30 seconds; see \(path)")
    }

    private func isRunning(_ name: String) -> Bool {
        children.withLock { children in
            guard let index = children.firstIndex(where: { $0.name == name }) else { return false }
            return children[index].isRunning()
        }
    }

    /// CPU seconds and peak resident bytes by role, of processes that still run.
    func usage() -> [String: ProcessUsage] {
        children.withLock { children in
            var usage: [String: ProcessUsage] = [:]
            for index in children.indices where children[index].isRunning() {
                let one = ProcessUsage(pid: children[index].pid)
                usage[children[index].role, default: ProcessUsage()].add(one)
            }
            return usage
        }
    }

    /// Where everything is, for a person who goes on with it.
    func describe() {
        children.withLock { children in
            print("\nStill running (logs in \(folder)):")
            var table = TextTable([("process", .left), ("pid", .right)])
            for child in children {
                table.add([child.name, "\(child.pid)"])
            }
            print(table.text)
            let pids = children.reversed().map { "\($0.pid)" }
            print("Stop with: kill \(pids.joined(separator: " "))")
        }
    }

    /// Ends all processes in order, the coordinator last; what does not end is killed.
    func stop() async {
        let ending = children.withLock { children in
            for index in children.indices.reversed()
            where children[index].role != "coordinator" {
                children[index].end(by: SIGTERM)
            }
            return children.filter { $0.role != "coordinator" }.map(\.name)
        }
        await wait(for: ending)
        children.withLock { children in
            for index in children.indices { children[index].end(by: SIGTERM) }
        }
        await wait(for: children.withLock { $0.map(\.name) })
        killAll()
    }

    private func wait(for names: [String]) async {
        for _ in 0..<100 where names.contains(where: isRunning) {
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    func killAll() {
        children.withLock { children in
            for index in children.indices { children[index].end(by: SIGKILL) }
        }
    }
}

/// What a process has used, from `/proc`.
struct ProcessUsage: Codable, Sendable {
    var cpuSeconds = 0.0
    var peakBytes: UInt64 = 0

    init() {}

    init(pid: Int32) {
        let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        // The command, in parentheses, may hold spaces; utime and stime are fields 14 and 15.
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        if fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) {
            cpuSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        if let kibibytes = peak?.split(whereSeparator: \.isWhitespace).dropFirst().first {
            peakBytes = (UInt64(kibibytes) ?? 0) * 1024
        }
    }

    /// Sums CPU time; the peak is that of the largest process.
    mutating func add(_ other: ProcessUsage) {
        cpuSeconds += other.cpuSeconds
        peakBytes = max(peakBytes, other.peakBytes)
    }
}
