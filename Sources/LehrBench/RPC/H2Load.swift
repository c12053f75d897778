import LehrCore

/// A run of `h2load` against one server: the same client for every server that is compared.
struct H2Load {
    var connections = 1
    /// Calls in flight on each connection.
    var streams: Int

    struct Outcome {
        let seconds: Double
        let perSecond: Double
    }

    /// Makes `count` calls and checks that each was answered in full.
    func run(_ count: Int, on server: BenchServer, _ stage: Stage) throws(BenchError) -> Outcome {
        let text = try start(["-n", "\(count)"], on: server, stage).finish()
        let outcome = try Self.outcome(text)
        guard text.contains("\n\(Self.requests(count))"),
            text.contains("(\(count * server.answerBytes)) data")
        else { throw BenchError("\(server.name) has not answered every call:\n\(text)") }
        return outcome
    }

    private func start(
        _ arguments: [String], on server: BenchServer, _ stage: Stage
    ) throws(BenchError) -> ChildProcess {
        let command =
            [try Tool.h2load.find(), "-t", "1", "-c", "\(connections)", "-m", "\(streams)"]
            + arguments + server.loadArguments + [server.url]
        return try stage.startLoad(command)
    }

    private static func requests(_ count: Int) -> String {
        "requests: \(count) total, \(count) started, \(count) done, \(count) succeeded, 0 failed"
    }

    /// From `finished in 23.32ms, 85759.62 req/s, 7.53MB/s`.
    static func outcome(_ text: String) throws(BenchError) -> Outcome {
        let line = text.split(separator: "\n").first { $0.hasPrefix("finished in ") }
        let words = line?.split(separator: " ") ?? []
        guard words.count >= 4, let seconds = duration(words[2].dropLast()),
            let rate = Double(words[3])
        else { throw BenchError("h2load has said something unexpected:\n\(text.suffix(2000))") }
        return Outcome(seconds: seconds, perSecond: rate)
    }

    /// In seconds, of `93us`, `23.32ms`, `1.50s`, or `02:01` as h2load writes minutes.
    static func duration(_ text: Substring) -> Double? {
        if text.contains(":") {
            return text.split(separator: ":").reduce(0) { total, part in
                total.flatMap { total in Double(part).map { total * 60 + $0 } }
            }
        }
        if text.hasSuffix("us") { return Double(text.dropLast(2)).map { $0 / 1e6 } }
        if text.hasSuffix("ms") { return Double(text.dropLast(2)).map { $0 / 1e3 } }
        return text.hasSuffix("s") ? Double(text.dropLast()) : nil
    }
}
