import CLehrWire
import LehrCore
import Testing

@testable import LehrWire

/// Large `bytes` fields stay in the encoded message, and nobody can tell.
@Suite struct BytesInPlaceTests {
    @Test func aLargeFieldIsNotCopied() throws {
        let keys = (0..<4096).map { UInt64($0) }
        let bytes = Wire.ScanChunk.encode { chunk, arena in
            chunk.keys = arena.bytes(copying: keys)
            chunk.values = arena.bytes(copying: [1.5, 2.5] as [Float])
        }
        let arena = WireArena()
        let chunk = try Wire.ScanChunk.decode(bytes, in: arena).pointee
        #expect(chunk.keys.elements(of: UInt64.self)?.copied() == keys)
        #expect(chunk.values.elements(of: Float.self)?.copied() == [1.5, 2.5])
        #expect(lies(chunk.keys, in: bytes))
        #expect(!lies(chunk.values, in: bytes))
        withExtendedLifetime(arena) {}
    }

    @Test func theArenaKeepsWhatItPointsInto() throws {
        let arena = WireArena()
        var chunk = Wire.ScanChunk()
        do {
            let bytes = Wire.ScanChunk.encode { chunk, arena in
                chunk.keys = arena.bytes(copying: [UInt64](repeating: 7, count: 1 << 17))
            }
            chunk = try Wire.ScanChunk.decode(bytes, in: arena).pointee
        }
        // Would take the place of what was freed.
        let other = [UInt64](repeating: 9, count: 1 << 17)
        #expect(chunk.keys.elements(of: UInt64.self)?.allSatisfy { $0 == 7 } == true)
        withExtendedLifetime((arena, other)) {}
    }

    @Test func fieldsOfEveryPartOfAMessageStay() throws {
        let bytes = Wire.PushRequest.encode { push, arena in
            push.cluster_id = 3
            (push.n_tables, push.tables) = arena.list(0..<3) { index, table, arena in
                table.table = UInt32(index)
                table.keys = arena.bytes(copying: [UInt64](repeating: 1, count: 3000 * index))
                table.gradients = arena.bytes(
                    copying: [Float](repeating: Float(index), count: 5000))
            }
        }
        let arena = WireArena()
        let push = try Wire.PushRequest.decode(bytes, in: arena).pointee
        let tables: [Wire.TablePush] = each(push.n_tables, push.tables)
        #expect(push.cluster_id == 3)
        #expect(tables.map(\.table) == [0, 1, 2])
        #expect(tables.map { $0.keys.len } == [0, 24_000, 48_000])
        for (index, table) in tables.enumerated() {
            let gradients = try #require(table.gradients.elements(of: Float.self))
            #expect(gradients.count == 5000)
            #expect(gradients.allSatisfy { $0 == Float(index) })
            #expect(lies(table.gradients, in: bytes))
        }
        withExtendedLifetime(arena) {}
    }

    /// Of bytes the later ones count, whichever are large; of messages one is made.
    @Test func whatComesTwiceIsCopied() throws {
        let large = [UInt8](repeating: 1, count: 20_000)
        for (first, second) in [(large, [2]), ([2], large), (large, large)] {
            let bytes = field(1, first) + field(1, second)
            let arena = WireArena()
            let chunk = try Wire.ScanChunk.decode(bytes, in: arena).pointee
            #expect(chunk.keys.elements(of: UInt8.self)?.copied() == second)
            #expect(!lies(chunk.keys, in: bytes))
            withExtendedLifetime(arena) {}
        }
        // `TablePush`: `keys` is field 3; `PushRequest`: `identity` is field 2, `tables` field 3.
        let table = field(3, large)
        let identities = field(2, [0x08, 1]) + field(2, [0x10, 2])
        #expect(try staysInPlace(field(3, table)))
        #expect(try !staysInPlace(identities + field(3, table)))
        #expect(try !staysInPlace(field(3, field(3, [1]) + table)))
        // In a small part it is no matter.
        #expect(try staysInPlace(field(3, field(3, [1]) + field(3, [2])) + field(3, table)))
    }

    @Test func aMessageOfManyFieldsOrSmallOnesIsCopied() throws {
        let table = field(3, [UInt8](repeating: 1, count: 20_000))
        let number: [UInt8] = [0x08, 1]
        func numbers(_ count: Int) -> [UInt8] { (0..<count).flatMap { _ in number } }
        #expect(try staysInPlace(numbers(1000) + field(3, table)))
        #expect(try !staysInPlace(numbers(2000) + field(3, table)))
        let small = field(3, field(3, [UInt8](repeating: 1, count: 15_000)))
        #expect(try staysInPlace(field(3, table) + small))
        #expect(try !staysInPlace(field(3, table) + small + small))
    }

    /// Keys and lengths may have more bytes than they need, up to five.
    @Test func numbersMayBeLongerThanNeeded() throws {
        let large = [UInt8](repeating: 1, count: 20_000)
        let table = [0x9A, 0x00, 0xA0, 0x9C, 0x81, 0x80, 0x00] + large
        let zero: [UInt8] = [0x82, 0x00, 0x00]
        #expect(try staysInPlace(zero + [0x9A, 0x80, 0x00, 0xA7, 0x9C, 0x01] + table))
        let tooLong = [0x1A, 0xA0, 0x9C, 0x81, 0x80, 0x80, 0x00] + large
        #expect(throws: WireError.self) { try staysInPlace(field(3, tooLong)) }
    }

    @Test func bytesThatAreNoMessageAreRefused() {
        let good = Wire.ScanChunk.encode { chunk, arena in
            chunk.keys = arena.bytes(copying: [UInt8](repeating: 1, count: 20_000))
        }
        for bytes in [Array(good.dropLast()), good + [0], good + [0x0A], good + [0x0B]] {
            #expect(throws: WireError.self) {
                try Wire.ScanChunk.decode(bytes, in: WireArena())
            }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func whatIsReadIsTheSameAsWhenItIsCopied(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        func some() -> [UInt8] {
            (0..<random.below(120)).map { _ in UInt8(random.below(256)) }
        }
        var stayed = 0
        for _ in 0..<1000 {
            var bytes = Wire.PushRequest.encode { push, arena in
                (push.n_tables, push.tables) = arena.list(0..<random.below(4)) { _, table, arena in
                    table.table = UInt32(random.below(300))
                    table.keys = arena.bytes(copying: some())
                    table.gradients = arena.bytes(copying: some())
                    table.clicks = arena.bytes(copying: some())
                }
            }
            if random.below(2) == 0, !bytes.isEmpty {
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
            }
            let arena = WireArena()
            let copied = try? Wire.PushRequest.decode(bytes, in: arena, inPlaceMin: .max)
            let inPlace = try? Wire.PushRequest.decode(bytes, in: arena, inPlaceMin: 16)
            #expect((copied == nil) == (inPlace == nil))
            guard let copied, let inPlace else { continue }
            #expect(
                arena.bytes(of: UnsafeMutablePointer(mutating: inPlace))
                    == arena.bytes(of: UnsafeMutablePointer(mutating: copied)))
            let tables: [Wire.TablePush] = each(inPlace.pointee.n_tables, inPlace.pointee.tables)
            if tables.contains(where: { lies($0.gradients, in: bytes) }) { stayed += 1 }
            withExtendedLifetime(arena) {}
        }
        #expect(stayed > 300)
    }

    private func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
        var writer = FieldWriter()
        writer.append(number, content)
        return writer.bytes
    }

    /// Whether the keys of a push's tables, of those that are large, stay; the message is the same
    /// either way.
    private func staysInPlace(_ bytes: [UInt8]) throws -> Bool {
        let arena = WireArena()
        defer { withExtendedLifetime(arena) {} }
        let push = try Wire.PushRequest.decode(bytes, in: arena)
        let copy = try Wire.PushRequest.decode(bytes, in: arena, inPlaceMin: .max)
        #expect(
            arena.bytes(of: UnsafeMutablePointer(mutating: push))
                == arena.bytes(of: UnsafeMutablePointer(mutating: copy)))
        let tables: [Wire.TablePush] = each(push.pointee.n_tables, push.pointee.tables)
        return tables.contains { lies($0.keys, in: bytes) }
    }

    private func lies(_ field: ProtobufCBinaryData, in bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { whole in
            guard let start = whole.baseAddress, let data = field.data else { return false }
            return (start..<start + whole.count).contains(UnsafeRawPointer(data))
        }
    }
}
