import LehrRPC

/// A server in a process of its own that answers one kind of call: Lehr's, or one to compare with.
final class BenchServer {
    let name: String
    let process: ChildProcess
    let url: String
    /// What h2load needs besides the address.
    let loadArguments: [String]
    /// Bytes of one answer's data.
    let answerBytes: Int

    private init(
        _ name: String, _ process: ChildProcess, url: String, loadArguments: [String],
        answerBytes: Int
    ) {
        self.name = name
        self.process = process
        self.url = url
        self.loadArguments = loadArguments
        self.answerBytes = answerBytes
    }

    /// Lehr's echo of messages of `bytes`; `valgrind`: what it runs under.
    static func lehr(
        _ method: EchoMethod = .plain, bytes: Int, _ stage: Stage, under valgrind: Valgrind? = nil
    ) throws(BenchError) -> BenchServer {
        let process = try stage.startServer(
            try valgrind?.command(stage.launcher.serve) ?? stage.launcher.serve)
        return try echo("lehr", process, method, bytes: bytes, stage)
    }

    /// grpc-swift-2's echo; `sharesThread`: its async code runs on the event loop's thread.
    static func grpcSwift(
        sharesThread: Bool, bytes: Int, _ stage: Stage
    ) throws(BenchError) -> BenchServer {
        let program = try stage.grpcSwiftServer()
        let process = try stage.startServer([program] + (sharesThread ? ["--shared-thread"] : []))
        let name = sharesThread ? "grpc-swift-2, one thread" : "grpc-swift-2"
        return try echo(name, process, .plain, bytes: bytes, stage)
    }

    /// A gRPC server that prints its address.
    private static func echo(
        _ name: String, _ process: ChildProcess, _ method: EchoMethod, bytes: Int, _ stage: Stage
    ) throws(BenchError) -> BenchServer {
        let body = try stage.file("grpc-\(bytes)", EchoMessage.frame(of: bytes))
        return BenchServer(
            name, process, url: "http://\(try process.line())\(method.path)",
            loadArguments: [
                "-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers",
            ],
            answerBytes: 5 + bytes)
    }

    /// nghttpd, and a GET of a file of `bytes`.
    static func nghttpd(
        bytes: Int, _ stage: Stage, under valgrind: Valgrind? = nil
    ) throws(BenchError) -> BenchServer {
        let program = try Tool.nghttpd.find()
        let file = "file-\(bytes)"
        _ = try stage.file(file, [UInt8](repeating: UInt8(ascii: "x"), count: bytes))
        let port = try stage.freePort()
        let command = [
            program, "--no-tls", "-a", "127.0.0.1", "-n", "1", "-d", stage.folder, "\(port)",
        ]
        let process = try stage.startServer(try valgrind?.command(command) ?? command)
        try stage.awaitListener(port, "nghttpd")
        return BenchServer(
            "nghttpd", process, url: "http://127.0.0.1:\(port)/\(file)", loadArguments: [],
            answerBytes: bytes)
    }
}
