import FoundationEssentials
import Glibc

/// The references of a table: `absl::flat_hash_map` and `std::unordered_map`, in a program of their own
/// that takes turns with whoever asks.
///
/// The program is `absl-table` of the package `Benchmarks/Table`; its commands are at the top of its
/// main.cpp.
final class AbslTable {
    /// What is measured: pulls with and without prefetching, pulls from `std::unordered_map`, pushes.
    enum Work: String, Sendable, CaseIterable {
        case pull
        case plain
        case standard = "std"
        case push
    }

    /// How a table was made, key by key.
    struct Made: Decodable, Sendable {
        let cpuSeconds: Double
        let wallSeconds: Double
        /// Without waits for a processor.
        let worstInsertNanoseconds: Double
        /// Of the map, for keys and addresses of rows.
        let indexBytes: Int
        let rowBytes: Int
    }

    /// Times are a key's share of a pass over all batches.
    struct Pass: Decodable, Sendable {
        let cpuNanoseconds: Double
        let wallNanoseconds: Double
        /// The sum of the first floats of all rows. Before the first push, that of row `key` is
        /// `Float(key >> 40) * 0x1p-24`.
        let checksum: Double
        let missing: Int
    }

    private let process: ChildProcess

    /// No command takes longer, the first `standard`, which makes that map, included.
    private static let answerSeconds = 600
    private static let lifeSeconds = 3600

    /// - Parameter processor: that it runs on; nil: on any.
    init(program: String, by launcher: Launcher, on processor: Int?) throws(BenchError) {
        guard access(program, X_OK) == 0 else {
            throw BenchError(
                "there is no \(program): build it with "
                    + "`swift build -c release --package-path Benchmarks/Table`, as `make bench-table` does",
                isMissingPart: true)
        }
        process = try ChildProcess(
            [program], by: launcher, on: processor, seconds: Self.lifeSeconds)
    }

    /// Makes a table in place of the one before, with the keys of a `KeyStream` of this seed in the
    /// order of its rows. A row is 32 bytes, weight and AdaGrad's state; the next begins `stride`
    /// bytes later, a multiple of 8.
    func make(
        rows: Int, dimension: Int, stride: Int, seed: UInt64
    ) throws(BenchError) -> Made {
        try ask("table \(rows) \(dimension) \(stride) \(seed)")
    }

    /// Goes through all batches once.
    func run(_ work: Work, _ file: KeyFile) throws(BenchError) -> Pass {
        let pass: Pass = try ask("\(work.rawValue) \(file.path) \(file.count) \(file.size)")
        guard pass.missing == 0 else {
            throw BenchError(
                "absl-table knows \(pass.missing) of the keys in \(file.path) not: it was made for "
                    + "another table or is older than this program; run `make bench-table`")
        }
        return pass
    }

    private func ask<Answer: Decodable>(_ command: String) throws(BenchError) -> Answer {
        try process.send(command)
        let line = try process.line("answering '\(command)'", within: Self.answerSeconds)
        return try Self.answer(line, to: command)
    }

    /// Decodes a line of the program.
    static func answer<Answer: Decodable>(
        _ line: String, to command: String
    ) throws(BenchError) -> Answer {
        let decoder = JSONDecoder()
        let bytes = Data(line.utf8)
        if let answer = try? decoder.decode(Answer.self, from: bytes) { return answer }
        if let refusal = try? decoder.decode(Refusal.self, from: bytes) {
            throw BenchError("absl-table refuses '\(command)': \(refusal.error)")
        }
        throw BenchError(
            "absl-table answers '\(command)' with '\(line.prefix(200))': it is older or newer than "
                + "this program; run `make bench-table`")
    }

    private struct Refusal: Decodable {
        let error: String
    }
}
