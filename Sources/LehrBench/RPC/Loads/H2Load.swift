/// `h2load`: the same client for every HTTP/2 server that is compared.
struct H2Load: Load {
    var connections = 1
    /// Calls in flight on each connection.
    var streams: Int

    /// One for all, so that no server is slower for what it prefers.
    private static let cipher = "TLS_AES_128_GCM_SHA256"

    var inFlight: Int { connections * streams }

    func run(_ count: Int, on server: BenchServer, _ stage: Stage) throws(BenchError) -> Outcome {
        let text = try start(["-n", "\(count)"], on: server, stage).finish()
        let outcome = try Self.outcome(text)
        let requests =
            "requests: \(count) total, \(count) started, \(count) done, \(count) succeeded, 0 failed"
        // A call that has failed is an answer without data.
        guard text.contains("\n\(requests)"),
            text.contains("(\(count * server.answerBytes)) data"),
            !server.isTLS || text.contains("\nTLS Protocol: TLSv1.3\nCipher: \(Self.cipher)\n")
        else { throw BenchError("\(server.name) has not answered every call:\n\(text)") }
        return outcome
    }

    /// Begins to make calls for some seconds, after the same time to warm up; `outcome` reads what it
    /// prints.
    func start(
        seconds: Double, on server: BenchServer, _ stage: Stage
    ) throws(BenchError) -> ChildProcess {
        let time = "\(Int(seconds * 1000))ms"
        return try start(["-D", time, "--warm-up-time", time], on: server, stage)
    }

    private func start(
        _ arguments: [String], on server: BenchServer, _ stage: Stage
    ) throws(BenchError) -> ChildProcess {
        let command =
            [
                try Tool.h2load.find(), "-t", "1", "-c", "\(connections)", "-m", "\(streams)",
                "--tls13-ciphers=\(Self.cipher)",
            ]
            + arguments + (try target(server, stage))
        return try stage.startLoad(command)
    }

    private func target(_ server: BenchServer, _ stage: Stage) throws(BenchError) -> [String] {
        let base = "\(server.isTLS ? "https" : "http")://\(server.address)"
        switch server.kind {
        case .grpc(let method):
            let bytes = server.messageBytes
            let body = try stage.file("grpc-\(bytes)", EchoMessage.frame(of: bytes))
            return [
                "-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers",
                base + method.path,
            ]
        case .files(let name): return ["\(base)/\(name)"]
        case .tcp: throw BenchError("\(server.name) does not speak HTTP/2")
        }
    }

    /// From `finished in 23.32ms, 85759.62 req/s, 7.53MB/s`.
    static func outcome(_ text: String) throws(BenchError) -> Outcome {
        let line = text.split(separator: "\n").first { $0.hasPrefix("finished in ") }
        let words = line?.split(separator: " ") ?? []
        guard words.count >= 4, let rate = Double(words[3]), rate > 0,
            text.contains(" 0 failed, 0 errored, 0 timeout")
        else { throw BenchError("h2load has failed:\n\(text.suffix(2000))") }
        return Outcome(perSecond: rate)
    }
}
