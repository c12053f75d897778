import Foundation
import LehrCore
import Testing

/// The fuzz targets over their seeds and over mutations of them, so that what a fuzzer once found
/// stays found without one. One after another: the targets of clients share a port.
@Suite(.serialized) struct SeedTests {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Seeds")
    private static let mutationsPerSeed = 4

    private static func seeds(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let directory = directory.appending(path: target.name)
        return try FileManager.default.contentsOfDirectory(atPath: directory.path()).sorted().map {
            ($0, [UInt8](try Data(contentsOf: directory.appending(path: $0))))
        }
    }

    @Test(arguments: FuzzTarget.all.map(\.name))
    func seedsHoldAndSoDoMutations(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let seeds = try Self.seeds(of: target)
        try #require(seeds.count > 3)
        var random = RandomSource(seed: 5)
        for (name, seed) in seeds {
            try #require(seed.count <= target.inputBytesMax, "\(name) is too long")
            for round in 0...Self.mutationsPerSeed {
                let input = round == 0 ? seed : Self.mutated(seed, seeds.map(\.bytes), &random)
                do {
                    try input.withUnsafeBytes { try target.run($0) }
                } catch {
                    let text = Data(input).base64EncodedString()
                    Issue.record("\(target.name) \(name), round \(round): \(error)\n\(text)")
                }
            }
        }
    }

    /// Changes a few bytes, and now and then goes on with the end of another seed.
    private static func mutated(
        _ seed: [UInt8], _ all: [[UInt8]], _ random: inout RandomSource
    ) -> [UInt8] {
        var bytes = seed
        if random.below(4) == 0 {
            let other = all[random.below(all.count)]
            bytes =
                bytes.prefix(random.below(bytes.count + 1))
                + other.suffix(
                    random.below(other.count + 1))
        }
        for _ in 0...random.below(4) where !bytes.isEmpty {
            let place = random.below(bytes.count)
            switch random.below(5) {
            case 0: bytes[place] = UInt8(random.below(256))
            case 1: bytes[place] ^= 1 << UInt8(random.below(8))
            case 2: bytes[place] = [0, 1, 127, 128, 255][random.below(5)]
            case 3: bytes.remove(at: place)
            default: bytes.insert(UInt8(random.below(256)), at: place)
            }
        }
        return bytes
    }
}
