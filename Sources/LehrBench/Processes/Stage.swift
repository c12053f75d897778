import Glibc
import LehrCore
import LehrReactor

/// What the processes of a benchmark share: how they are started, where they run, what they may take,
/// and a folder for their files.
package final class Stage {
    let launcher: Launcher
    let processors: Processors
    let folder = Stage.files.path
    let isQuick: Bool
    let poll: PollMode
    private let grpcSwiftProgram: String

    private static let files = BenchFolder("rpc")
    /// No process of a benchmark lives longer.
    private static let serverSeconds = 1800
    private static let loadSeconds = 300

    init(
        _ launcher: Launcher, _ processors: Processors, isQuick: Bool, grpcSwiftServer: String,
        poll: PollMode
    ) throws(BenchError) {
        self.poll = poll
        grpcSwiftProgram = grpcSwiftServer
        self.launcher = launcher
        self.processors = processors
        self.isQuick = isQuick
        try Self.files.make()
        // Some loads are made by this thread.
        try Processors.pin(to: processors.load)
        DescriptorLimit.raise()
    }

    /// Rounds in which each side has its turn, and about how long a turn lasts.
    var rounds: Int { isQuick ? 1 : 5 }
    var turnSeconds: Double { isQuick ? 0.05 : 1.5 }

    /// The program of `Benchmarks/`.
    func grpcSwiftServer() throws(BenchError) -> String {
        guard access(grpcSwiftProgram, X_OK) == 0 else {
            throw BenchError(
                "there is no \(grpcSwiftProgram): build it with "
                    + "`swift build -c release --package-path Benchmarks`", isMissingPart: true)
        }
        return grpcSwiftProgram
    }

    func startServer(_ command: [String]) throws(BenchError) -> ChildProcess {
        try ChildProcess(
            command, by: launcher, on: processors.server, seconds: Self.serverSeconds)
    }

    func startLoad(_ command: [String]) throws(BenchError) -> ChildProcess {
        try ChildProcess(
            command, by: launcher, on: processors.load, seconds: Self.loadSeconds,
            mergesErrors: true)
    }

    /// A file of this benchmark's own, which is removed with it.
    func file(_ name: String, _ bytes: [UInt8]) throws(BenchError) -> String {
        let path = "\(folder)/\(name)"
        if access(path, F_OK) != 0 { try SmallFile.write(bytes, to: path) }
        return path
    }

    /// A port of loopback that nobody listened at a moment ago.
    func freePort() throws(BenchError) -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else {
            throw BenchError("there is no free port: \(String(cString: strerror(errno)))")
        }
        return address.sin_port.byteSwapped
    }

    /// Waits until somebody listens at a port of loopback.
    func awaitListener(_ port: UInt16, _ name: String) throws(BenchError) {
        for _ in 0..<400 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = Self.loopback(port: port)
            let isConnected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if isConnected { return }
            Pause.seconds(0.025)
        }
        throw BenchError("\(name) does not listen after 10 seconds")
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    deinit { Self.removeFolder() }

    static func removeFolder() { files.remove() }
}
