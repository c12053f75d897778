import Glibc
import LehrArtifact
import LehrCore
import Testing

/// A directory of this test alone, removed with the object.
final class TemporaryDirectory: Sendable {
    let path: String
    let files = LocalFileSystem()

    init() throws {
        var template = Array("/tmp/lehr-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        path = try #require(made, "a temporary directory")
    }

    /// Overwrites a file in place, as a careless copy would.
    func overwrite(_ name: String, with bytes: [UInt8]) throws {
        let writer = try files.create(path + "/" + name)
        try writer.write(bytes)
        try writer.finish()
    }

    func read(_ name: String) throws -> [UInt8] {
        try files.read(path + "/" + name, limit: 1 << 30)
    }

    deinit { try? files.remove(path) }
}

/// The content of a small two-tower export, and its writing.
struct ExportFixture {
    var dimension = 4
    var userKeys: [UInt64] = []
    var userVectors: [[Float]] = []
    var seen: [[Int32]] = []
    var itemKeys: [UInt64] = []
    var itemVectors: [[Float]] = []
    var counts: [UInt64] = []
    var titles: [String] = []
    var kind = ExportLayout.TwoTower.kind

    /// Random vectors, the last column an item's bias beside a 1 in users. User `i` has the key
    /// `100 + i`, item `i` the key `1000 + 7 * i` and the title `title i`.
    static func random(users: Int, items: Int, dimension: Int, seed: UInt64) -> ExportFixture {
        var random = RandomSource(seed: seed)
        var fixture = ExportFixture(dimension: dimension)
        func vector(last: Float) -> [Float] {
            (1..<dimension).map { _ in random.uniform() * 2 - 1 } + [last]
        }
        fixture.userKeys = (0..<users).map { UInt64(100 + $0) }
        fixture.userVectors = (0..<users).map { _ in vector(last: 1) }
        fixture.itemKeys = (0..<items).map { UInt64(1000 + 7 * $0) }
        fixture.itemVectors = (0..<items).map { _ in vector(last: random.uniform()) }
        fixture.counts = (0..<items).map { _ in UInt64(random.below(50)) }
        fixture.titles = (0..<items).map { "title \($0)" }
        fixture.seen = (0..<users).map { _ in
            (0..<random.below(8)).map { _ in Int32(random.below(max(items, 1))) }
        }
        return fixture
    }

    func write(to path: String, version: UInt64 = 1) throws {
        let writer = try ArtifactWriter(target: path, files: LocalFileSystem())
        let export = try TwoTowerExportWriter(writer, dimension: dimension)
        try export.appendItems(
            keys: itemKeys, vectors: itemVectors.flatMap { $0 }, counts: counts, titles: titles)
        let half = userKeys.count / 2
        for range in [0..<half, half..<userKeys.count] {
            try export.appendUsers(
                keys: Array(userKeys[range]), vectors: userVectors[range].flatMap { $0 },
                seen: Array(seen[range]))
        }
        _ = try writer.finish(Self.manifest(kind: kind, version: version))
    }

    static func manifest(kind: String, version: UInt64 = 1) -> Manifest {
        Manifest(
            model: ModelIdentity(
                name: "films", version: version, createdMilliseconds: 1_700_000_000_123,
                cluster: "00000000000000aa", job: 3),
            spec: ModelDescription(kind: kind, text: "model: test"),
            metrics: ["hr_at_10": 0.5, "ndcg_at_10": 0.25])
    }

    func dot(user: Int, item: Int) -> Double {
        zip(userVectors[user], itemVectors[item]).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}
