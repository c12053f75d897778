import Glibc

/// valgrind around a server: it counts, and takes its time.
///
/// What a server did for N calls more is the difference between a run with N and one with 2N, so that
/// its start and its connections do not count.
struct Valgrind {
    enum Kind: String {
        case instructions = "callgrind"
        case allocations = "memcheck"
    }

    let kind: Kind
    private let log: String
    private let stage: Stage

    init(_ kind: Kind, _ name: String, _ stage: Stage) {
        self.kind = kind
        self.stage = stage
        log = "\(stage.folder)/\(kind.rawValue)-\(name)"
    }

    /// How `command` is started so that it is counted.
    func command(_ command: [String]) throws(BenchError) -> [String] {
        let valgrind = try Tool.valgrind.find()
        let options: [String] =
            switch kind {
            case .instructions: ["--callgrind-out-file=/dev/null"]
            case .allocations: ["--undef-value-errors=no", "--leak-check=no"]
            }
        return [valgrind, "--tool=\(kind.rawValue)", "--log-file=\(log)"] + options
            + [try stripped(command[0])] + command.dropFirst()
    }

    /// What was counted, once the server has ended.
    func count() throws(BenchError) -> Double {
        let text = try SmallFile.text(log)
        // "==7== Collected : 123", and "==7==   total heap usage: 1,234 allocs, 1,200 frees".
        let words = text.split { $0 == " " || $0 == "\n" }
        let index =
            switch kind {
            case .instructions: words.firstIndex(of: "Collected").map { $0 + 2 }
            case .allocations: words.firstIndex(of: "allocs,").map { $0 - 1 }
            }
        if let index, words.indices.contains(index),
            let count = Double(words[index].filter { $0 != "," })
        {
            return count
        }
        throw BenchError("valgrind has counted nothing:\n\(text.suffix(2000))")
    }

    /// A copy without debugging information, on which old versions of valgrind stumble.
    private func stripped(_ program: String) throws(BenchError) -> String {
        let copy = "\(stage.folder)/stripped-\(program.split(separator: "/").last ?? "program")"
        guard access(copy, X_OK) != 0 else { return copy }
        _ = try stage.startLoad([try Tool.strip.find(), "-g", "-o", copy, program]).finish()
        return copy
    }
}
