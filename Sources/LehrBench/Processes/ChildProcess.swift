import Glibc
import LehrCore

/// A program that was started here: bounded in time, and never outliving this process.
final class ChildProcess {
    let pid: pid_t
    private let name: String
    private let input: Int32
    private let output: Int32
    private var isEnded = false

    /// Bytes of output that are kept; what comes after is dropped.
    private static let outputBytesMax = 4 << 20

    /// Starts `command` on `processor`; it is killed after `seconds`.
    init(
        _ command: [String], by launcher: Launcher, on processor: Int?, seconds: Int,
        mergesErrors: Bool = false
    ) throws(BenchError) {
        name = command[0]
        var (inputPipe, outputPipe): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        guard pipe(&inputPipe) == 0, pipe(&outputPipe) == 0 else {
            throw BenchError("cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        for end in inputPipe + outputPipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        input = inputPipe[1]
        output = outputPipe[0]
        defer {
            close(inputPipe[0])
            close(outputPipe[1])
        }
        let bounds = ["--processor", processor.map { "\($0)" } ?? "any", "--seconds", "\(seconds)"]
        do throws(ProgramError) {
            pid = try Program.start(
                launcher.become + bounds + ["--"] + command, input: inputPipe[0],
                output: outputPipe[1], errors: mergesErrors ? outputPipe[1] : nil)
        } catch {
            close(input)
            close(output)
            throw BenchError(error.description)
        }
    }

    /// Writes a line to its standard input.
    func send(_ line: String) throws(BenchError) {
        // That it has ended is an error here, not the end of this process.
        signal(SIGPIPE, SIG_IGN)
        guard Array("\(line)\n".utf8).withUnsafeBytes({ writeAll($0, to: input) }) else {
            throw BenchError("cannot write to \(name): \(String(cString: strerror(errno)))")
        }
    }

    /// The next line that it prints; fails when it ends without one, or when `seconds` have passed.
    func line(
        _ purpose: String = "saying where it listens", within seconds: Int? = nil
    ) throws(BenchError) -> String {
        let deadline = seconds.map { ContinuousClock.now + .seconds($0) }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < 4096 {
            if let deadline { try awaitOutput(until: deadline, purpose) }
            guard read(output, &byte, 1) == 1 else { break }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        throw BenchError("\(name) ended instead of \(purpose)")
    }

    /// Returns when there is something to read, or the end.
    private func awaitOutput(
        until deadline: ContinuousClock.Instant, _ purpose: String
    ) throws(BenchError) {
        var watched = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        while true {
            let (seconds, attoseconds) = ContinuousClock.now.duration(to: deadline).components
            let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
            let status = poll(&watched, 1, Int32(clamping: max(milliseconds, 0)))
            if status > 0 { return }
            guard status < 0, errno == EINTR else {
                throw BenchError("\(name) takes too long for \(purpose)")
            }
        }
    }

    /// Waits until it has ended and returns what it printed.
    func finish() throws(BenchError) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(output, &chunk, chunk.count)
            guard count > 0 else { break }
            if bytes.count < Self.outputBytesMax { bytes += chunk[..<count] }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let status = reap()
        guard status == 0 else {
            throw BenchError(
                "\(name) ended with \(Self.describe(status)): \(text.suffix(2000))")
        }
        return text
    }

    /// Asks it to end, and waits; a program with nothing to tidy up ends by the signal.
    func terminate() {
        guard !isEnded else { return }
        Glibc.kill(pid, SIGTERM)
        reap()
    }

    /// Ends it, if it has not ended.
    func kill() {
        guard !isEnded else { return }
        Glibc.kill(pid, SIGKILL)
        reap()
    }

    /// How it has ended, although it should not have: "lehr ended with signal 11"; nil: it runs.
    func ending() -> String? {
        var status: Int32 = 0
        guard !isEnded, waitpid(pid, &status, WNOHANG) == pid else { return nil }
        isEnded = true
        close(input)
        close(output)
        return "\(name) ended with \(Self.describe(status))"
    }

    private static func describe(_ status: Int32) -> String {
        status & 0x7F == 0 ? "status \(status >> 8)" : "signal \(status & 0x7F)"
    }

    @discardableResult
    private func reap() -> Int32 {
        guard !isEnded else { return 0 }
        isEnded = true
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        close(input)
        close(output)
        return status
    }

    deinit { kill() }

    // MARK: What it has used

    /// User and system time of all its threads so far, in seconds.
    var cpuSeconds: Double {
        get throws(BenchError) {
            var (clock, time) = (clockid_t(), timespec())
            guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else {
                throw BenchError("cannot read the CPU time of \(name)")
            }
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
    }

    /// User time of all its threads so far, in seconds, by the kernel's clock of 100 Hz.
    var userSeconds: Double {
        get throws(BenchError) {
            let stat = try SmallFile.text("/proc/\(pid)/stat")
            // The name before may have spaces in it; of the fields behind it this is the twelfth.
            let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 11, let ticks = Double(fields[11]) else {
                throw BenchError("cannot read the user time of \(name)")
            }
            return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }

    /// Memory that it has resident, in bytes.
    var residentBytes: Int { get throws(BenchError) { try memory("VmRSS:") } }

    /// The most that it had resident at once, in bytes.
    var peakResidentBytes: Int { get throws(BenchError) { try memory("VmHWM:") } }

    private func memory(_ field: String) throws(BenchError) -> Int {
        let status = try SmallFile.text("/proc/\(pid)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix(field) }
        guard let digits = line?.split(separator: " ", omittingEmptySubsequences: true),
            digits.count >= 2, let kibibytes = Int(digits[1])
        else { throw BenchError("cannot read the memory of \(name)") }
        return kibibytes << 10
    }
}

/// Files of the kernel and of the tools, which are small.
enum SmallFile {
    /// At most `limit` bytes.
    static func text(_ path: String, limit: Int = 1 << 20) throws(BenchError) -> String {
        guard let file = fopen(path, "r") else {
            throw BenchError("cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = fread(&bytes, 1, limit, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    static func remove(_ path: String) { unlink(path) }

    static func write(_ bytes: [UInt8], to path: String) throws(BenchError) {
        guard let file = fopen(path, "w"), fwrite(bytes, 1, bytes.count, file) == bytes.count,
            fclose(file) == 0
        else { throw BenchError("cannot write \(path): \(String(cString: strerror(errno)))") }
    }
}
