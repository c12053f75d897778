import LehrArtifact
import LehrCore
import Testing

@testable import LehrServing

/// What is refused when an export is loaded.
struct ServingModelTests {
    private let directory: TemporaryDirectory
    private let fixture = ExportFixture.random(users: 6, items: 10, dimension: 3, seed: 4)

    init() throws { directory = try TemporaryDirectory() }

    private func load(_ fixture: ExportFixture) throws -> ServingModel {
        let path = directory.path + "/export"
        try fixture.write(to: path)
        return try ServingModel.load(path, files: directory.files)
    }

    private func expectInconsistent(_ tensor: String, _ change: (inout ExportFixture) -> Void) {
        var changed = fixture
        change(&changed)
        let error = #expect(throws: ModelLoadError.self) { try load(changed) }
        guard case .inconsistent(_, let name, _) = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
        #expect(name == tensor)
    }

    @Test func refusesUsersThatOccurTwice() {
        expectInconsistent("user.keys") { $0.userKeys[3] = $0.userKeys[0] }
    }

    @Test func refusesItemsThatOccurTwice() {
        expectInconsistent("item.keys") { $0.itemKeys[3] = $0.itemKeys[9] }
    }

    @Test func refusesVectorsThatAreNotFinite() {
        expectInconsistent("user.vectors") { $0.userVectors[2][1] = .nan }
    }

    @Test func refusesInfiniteItemVectors() {
        expectInconsistent("item.vectors") { $0.itemVectors[2][1] = .infinity }
    }

    @Test(arguments: [Int32(10), -1, .max])
    func refusesSeenItemsThatDoNotExist(row: Int32) {
        expectInconsistent("seen.items") { $0.seen[5] = [row] }
    }

    @Test func refusesUnknownKinds() {
        var changed = fixture
        changed.kind = "forest"
        #expect(
            throws: ModelLoadError.unknownKind(path: directory.path + "/export", kind: "forest")
        ) { try load(changed) }
    }

    /// Writes every tensor of a two-tower model as given, then loads.
    private func load(
        _ tensors: [(name: String, segment: String, type: ElementType, row: [Int], bytes: [UInt8])]
    ) throws -> ServingModel {
        let path = directory.path + "/raw"
        try directory.files.remove(path)
        let writer = try ArtifactWriter(target: path, files: directory.files)
        for tensor in tensors {
            let output = try writer.tensor(
                tensor.name, segment: tensor.segment, type: tensor.type, rowShape: tensor.row)
            try tensor.bytes.withUnsafeBytes { try output.append($0) }
        }
        _ = try writer.finish(ExportFixture.manifest(kind: "two-tower"))
        return try ServingModel.load(path, files: directory.files)
    }

    /// Well-formed, correctly hashed files whose tensors contradict each other at random.
    @Test func survivesRandomTensors() throws {
        typealias Layout = ExportLayout.TwoTower
        var random = RandomSource(seed: 77)
        /// Little-endian words, now and then one of them wild.
        func words(_ values: [Int]) -> [UInt8] {
            values.flatMap { value in
                let word = random.below(30) == 0 ? random.next() : UInt64(value)
                return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
            }
        }
        func keys() -> [UInt8] { words((0..<size()).map { 3 * $0 + random.below(4) }) }
        func size() -> Int { random.below(20) == 0 ? 1 + random.below(4) : 2 }
        var loaded = 0
        for _ in 0..<150 {
            let width = 1 + random.below(2)
            func floats(_ count: Int) -> [UInt8] {
                Array(repeating: random.below(30) == 0 ? 0xFF : 0x3F, count: 4 * width * count)
            }
            var tensors: [(String, String, ElementType, [Int], [UInt8])] = [
                (Layout.userKeys, Layout.usersSegment, .u64, [], keys()),
                (Layout.userVectors, Layout.usersSegment, .f32, [width], floats(size())),
                (Layout.itemKeys, Layout.itemsSegment, .u64, [], keys()),
                (Layout.itemVectors, Layout.itemsSegment, .f32, [width], floats(size())),
                (Layout.itemCounts, Layout.itemsSegment, .u64, [], keys()),
                (Layout.itemTitles, Layout.itemsSegment, .u8, [], []),
                (Layout.itemTitleOffsets, Layout.itemsSegment, .u64, [], words([0, 0, 0])),
                (Layout.seenItems, Layout.seenSegment, .i32, [], words([1])),
                (Layout.seenOffsets, Layout.seenSegment, .u64, [], words([0, random.below(4), 2])),
            ]
            if random.below(8) == 0 { tensors.remove(at: random.below(tensors.count)) }
            do {
                let model = try load(tensors)
                loaded += 1
                guard case .recommend(let engine) = model.engine else { continue }
                _ = engine.recommend(RecommendQuery(user: 1, history: [2], k: 3))
            } catch let error as ModelLoadError {
                #expect(!error.description.isEmpty)
            }
        }
        #expect(loaded > 15 && loaded < 135)
    }

    @Test func survivesMutatedFiles() throws {
        let path = directory.path + "/export"
        try fixture.write(to: path)
        var random = RandomSource(seed: 8)
        let names = try directory.files.list(path)
        #expect(names.count == 4)
        for _ in 0..<400 {
            let name = "export/" + names[random.below(names.count)]
            let whole = try directory.read(name)
            var bytes = whole
            if random.below(3) == 0 {
                bytes.removeLast(1 + random.below(bytes.count))
            } else {
                for _ in 0...random.below(3) {
                    bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            try directory.overwrite(name, with: bytes)
            do throws(ModelLoadError) {
                _ = try ServingModel.load(path, files: directory.files)
                // Only texts and figures in the manifest have no second witness.
                #expect(bytes == whole || name.hasSuffix(Manifest.fileName))
            } catch {
                #expect(!error.description.isEmpty)
            }
            try directory.overwrite(name, with: whole)
        }
    }

    @Test func outlivesItsFiles() throws {
        let model = try load(fixture)
        guard case .recommend(let engine) = model.engine else { return }
        let before = engine.recommend(RecommendQuery(user: 101))
        for name in ["users", "items", "seen"] {
            try directory.overwrite("export/\(name).safetensors", with: [])
        }
        #expect(engine.recommend(RecommendQuery(user: 101)) == before)
        #expect(before.items.count > 0)
    }
}
