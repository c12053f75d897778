import LehrReactor
import LehrTLS

/// A server in a process of its own that answers one kind of call: Lehr's, or one to compare with.
final class BenchServer {
    enum Kind {
        case grpc(EchoMethod)
        /// A GET of this file.
        case files(String)
        case tcp
    }

    let name: String
    let kind: Kind
    let process: ChildProcess
    /// `HOST:PORT`
    let address: String
    let isTLS: Bool
    /// Bytes of one request's message and of one answer's data.
    let messageBytes: Int
    let answerBytes: Int

    private init(
        _ name: String, _ kind: Kind, _ process: ChildProcess, at address: String,
        isTLS: Bool = false, messageBytes: Int, answerBytes: Int
    ) {
        self.name = name
        self.kind = kind
        self.process = process
        self.address = address
        self.isTLS = isTLS
        self.messageBytes = messageBytes
        self.answerBytes = answerBytes
    }

    /// Lehr, for messages of `bytes`; `valgrind`: what it runs under.
    static func lehr(
        _ method: EchoMethod = .plain, bytes: Int, tls: TLSFiles? = nil, _ stage: Stage,
        under valgrind: Valgrind? = nil
    ) throws(BenchError) -> BenchServer {
        let security = tls.map {
            ["--tls-certificate", $0.certificate, "--tls-authority", $0.authority]
        }
        let command =
            stage.launcher.serve + ["--poll", stage.poll.rawValue] + (security ?? [])
        let process = try stage.startServer(try valgrind?.command(command) ?? command)
        return BenchServer(
            "lehr", .grpc(method), process, at: try process.line(), isTLS: tls != nil,
            messageBytes: bytes,
            answerBytes: 5 + method.answerBytes(bytes))
    }

    /// grpc-swift-2's echo; `sharesThread`: its async code runs on the event loop's thread.
    static func grpcSwift(
        sharesThread: Bool, bytes: Int, _ stage: Stage
    ) throws(BenchError) -> BenchServer {
        let program = try stage.grpcSwiftServer()
        let process = try stage.startServer([program] + (sharesThread ? ["--shared-thread"] : []))
        return BenchServer(
            sharesThread ? "grpc-swift-2, one thread" : "grpc-swift-2", .grpc(.plain), process,
            at: try process.line(), messageBytes: bytes, answerBytes: 5 + bytes)
    }

    /// nghttpd, and a GET of a file of `bytes`.
    static func nghttpd(
        bytes: Int, tls: TLSFiles? = nil, _ stage: Stage, under valgrind: Valgrind? = nil
    ) throws(BenchError) -> BenchServer {
        let program = try Tool.nghttpd.find()
        let file = "file-\(bytes)"
        _ = try stage.file(file, [UInt8](repeating: UInt8(ascii: "x"), count: bytes))
        let port = try stage.freePort()
        let command =
            [program, "-a", "127.0.0.1", "-n", "1", "-d", stage.folder]
            + (tls.map { ["\(port)", $0.key, $0.certificate] } ?? ["--no-tls", "\(port)"])
        let process = try stage.startServer(try valgrind?.command(command) ?? command)
        try stage.awaitListener(port, "nghttpd")
        return BenchServer(
            "nghttpd", .files(file), process, at: "127.0.0.1:\(port)", isTLS: tls != nil,
            messageBytes: 0, answerBytes: bytes)
    }

    /// Plain TCP that takes messages of `bytes`.
    static func tcp(bytes: Int, _ stage: Stage) throws(BenchError) -> BenchServer {
        let process = try stage.startServer(
            stage.launcher.serve + ["--kind", "tcp", "--message-bytes", "\(bytes)"])
        return BenchServer(
            "TCP", .tcp, process, at: try process.line(), messageBytes: bytes,
            answerBytes: TCPSink.answerBytes)
    }
}
