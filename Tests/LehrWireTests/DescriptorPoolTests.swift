import LehrCore
import Testing

@testable import LehrWire

@Suite struct DescriptorPoolTests {
    /// `count` random edits of an encoded message.
    private static func mutated(_ bytes: [UInt8], _ random: inout RandomSource) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.below(5) {
            let place = random.below(bytes.count)
            switch random.below(4) {
            case 0: bytes[place] = UInt8(random.below(256))
            case 1: bytes[place] = 255
            case 2: bytes.remove(at: place)
            default: bytes.removeLast(random.below(bytes.count - place))
            }
        }
        return bytes
    }

    /// A FileDescriptorSet of one file: a message `M` in the package `p` with a nested `N`.
    private static var small: [UInt8] {
        var nested = FieldWriter()
        nested.append(1, "N".utf8)
        var message = FieldWriter()
        message.append(1, "M".utf8)
        message.append(3, nested.bytes)
        var file = FieldWriter()
        file.append(1, "a.proto".utf8)
        file.append(2, "p".utf8)
        file.append(3, "b.proto".utf8)
        file.append(4, message.bytes)
        var set = FieldWriter()
        set.append(1, file.bytes)
        var imported = FieldWriter()
        imported.append(1, "b.proto".utf8)
        imported.append(3, "a.proto".utf8)
        set.append(1, imported.bytes)
        return set.bytes
    }

    @Test func everythingOfTheProjectIsDescribed() throws {
        let pool = try DescriptorPool.embedded()
        for symbol in [
            "lehr.v1.Shard", "lehr.v1.Shard.Pull", "lehr.v1.PullRequest", "lehr.v1.Job.id",
            "grpc.health.v1.Health", "grpc.health.v1.HealthCheckResponse.ServingStatus",
            "grpc.health.v1.HealthCheckResponse.SERVING",
            "grpc.reflection.v1alpha.ServerReflection.ServerReflectionInfo",
        ] {
            #expect(pool.file(defining: symbol)?.isEmpty == false, "\(symbol)")
        }
        #expect(pool.file(defining: "lehr.v1.Nothing") == nil)
        #expect(pool.file(named: "lehr/v1/shard.proto") != nil)
        #expect(pool.file(named: "") == nil)
    }

    @Test func importsComeAlongOnce() throws {
        let pool = try DescriptorPool(Self.small)
        #expect(pool.file(defining: "p.M.N")?.count == 2)
        #expect(pool.file(named: "b.proto")?.count == 2)
        #expect(pool.file(defining: "p.M")?.first != pool.file(named: "b.proto")?.first)
    }

    @Test func fieldsOfEveryKindAreRead() throws {
        var reader = FieldReader([
            8, 150, 1, 17, 1, 0, 0, 0, 0, 0, 0, 1, 26, 2, 7, 8, 37, 1, 2, 0, 0,
        ])
        var seen: [Int: FieldReader.Value] = [:]
        while let (field, value) = try reader.next() { seen[field] = value }
        #expect(
            seen == [
                1: .number(150), 2: .number(1 << 56 | 1), 3: .bytes([7, 8]), 4: .number(513),
            ])
    }

    @Test(
        arguments: [
            [0], [8], [8, 255], [9, 1, 2], [10, 5, 1], [11], [13, 1], [15, 1],
            [10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
            [UInt8](repeating: 255, count: 11),
        ] as [[UInt8]])
    func malformedFieldsAreErrors(bytes: [UInt8]) {
        var reader = FieldReader(bytes)
        #expect(throws: WireError.self) { while try reader.next() != nil {} }
    }

    @Test func descriptorsNestedTooDeeplyAreAnError() {
        var bytes: [UInt8] = []
        for _ in 0..<200 {
            var outer = FieldWriter()
            outer.append(3, bytes)
            bytes = outer.bytes
        }
        var file = FieldWriter()
        file.append(4, bytes)
        var set = FieldWriter()
        set.append(1, file.bytes)
        #expect(throws: WireError.self) { try DescriptorPool(set.bytes) }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func garbageIsReadOrRefused(seed: UInt64) {
        var random = RandomSource(seed: seed)
        for _ in 0..<2000 {
            let pool = try? DescriptorPool(Self.mutated(Self.small, &random))
            #expect((pool?.file(named: "a.proto")?.count ?? 0) <= 2)
        }
    }
}
