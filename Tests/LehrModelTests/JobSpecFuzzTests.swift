import LehrCore
import Testing

@testable import LehrModel

/// Mutated and truncated job files are read or refused with a reason; none crashes.
struct JobSpecFuzzTests {
    private static let pieces = [
        ":", "- ", "\n", "  ", "\t", "{", "}", "[", "]", "\"", "'", "#", "&a", "*a", "!!int", "|",
        "? ", "%", "---\n", "...", "\u{0}", "\u{85}", "é", "1e999", "-1", "nan",
        "99999999999999999999", "null", "kind: adam", "two-tower", "<<: *a", "\\x",
    ]

    @Test func noFileCrashes() throws {
        let sources = [
            try JobText.example("two-tower.yaml"),
            try JobText.example("logistic-regression.yaml"),
            JobText.twoTower(model: "  user: {hidden: [64, 32], activation: tanh}"),
        ].map { Array($0.utf8) }
        var random = RandomSource(seed: 0xF022)
        var (read, refused) = (0, 0)
        for _ in 0..<3000 {
            var bytes = sources[random.below(sources.count)]
            for _ in 0...random.below(6) { Self.mutate(&bytes, &random) }
            do throws(JobSpecError) {
                let job = try JobSpec(yaml: String(decoding: bytes, as: UTF8.self))
                #expect(!job.tables.isEmpty)
                read += 1
            } catch {
                #expect(!error.problems.isEmpty)
                #expect(error.problems.allSatisfy { !$0.message.isEmpty })
                refused += 1
            }
        }
        #expect(read > 100 && refused > 1000, "read \(read), refused \(refused)")
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout RandomSource) {
        let place = random.below(bytes.count + 1)
        switch random.below(6) {
        case 0: bytes.removeSubrange(place...)
        case 1: bytes.insert(contentsOf: pieces[random.below(pieces.count)].utf8, at: place)
        case 2 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 3:
            let end = min(place + random.below(20), bytes.count)
            bytes.removeSubrange(place..<end)
        case 4:
            let end = min(place + random.below(60), bytes.count)
            bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count + 1))
        default:
            guard place < bytes.count else { return }
            bytes.swapAt(place, random.below(bytes.count))
        }
    }
}
