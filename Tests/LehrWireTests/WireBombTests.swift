import CLehrWire
import LehrWire
import Testing

/// Messages that protobuf-c would take, and that are refused all the same.
@Suite struct WireBombTests {
    /// `JoinRequest`: `name` is field 1, `core_addresses` field 3.
    private static func reason(_ bytes: [UInt8]) -> String? {
        do throws(WireError) {
            _ = try Wire.JoinRequest.decode(bytes, in: WireArena())
            return nil
        } catch {
            return error.reason ?? "malformed"
        }
    }

    private static func field(_ id: Int, _ value: [UInt8]) -> [UInt8] {
        var writer = FieldWriter()
        writer.append(id, value)
        return writer.bytes
    }

    @Test(arguments: [[0xFF], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [65, 0, 66], [0]])
    func textsAreUTF8WithoutNUL(bytes: [UInt8]) {
        #expect(Self.reason(Self.field(1, bytes)) == "'name' is not UTF-8 without NUL")
        #expect(Self.reason(Self.field(3, [65]) + Self.field(3, bytes))?.contains("core") == true)
        // Nobody knows this field.
        #expect(Self.reason(Self.field(99, bytes)) == nil)
        // Nor one of the number 0, which protobuf-c takes when it is written in two bytes.
        #expect(Self.reason([0x82, 0, 0]) == nil)
        #expect(
            Self.reason([0x82, 0, 0] + Self.field(1, bytes)) == "'name' is not UTF-8 without NUL")
    }

    @Test(arguments: ["", "shard-0", "Größe", "зеркало", "\u{1F608}", "a\tb\n"])
    func textsOfAnyLanguageAreTaken(text: String) {
        #expect(Self.reason(Self.field(1, Array(text.utf8))) == nil)
    }

    /// `ListMembersResponse`: `members` is field 2.
    @Test func textsWithinMessagesAreLookedAt() {
        let member = Self.field(1, [0xFF])
        #expect(throws: WireError.self) {
            try Wire.ListMembersResponse.decode(Self.field(2, member), in: WireArena())
        }
    }

    /// Bytes are not text.
    @Test func bytesAreAnything() throws {
        let bytes = Wire.TableRows.encode { rows, arena in
            rows.values = arena.bytes(copying: [0xFF, 0, 0xFE] as [UInt8])
        }
        let arena = WireArena()
        #expect(try Wire.TableRows.decode(bytes, in: arena).pointee.values.len == 3)
        withExtendedLifetime(arena) {}
    }

    /// Two bytes each, which become a structure of a hundred.
    @Test(arguments: [50_000, 300_000])
    func manyEmptyPartsAreRefused(count: Int) {
        let bytes = ([0x12, 0] as [UInt8]).cycled(count)
        let error = #expect(throws: WireError.self) {
            try Wire.ListMembersResponse.decode(bytes, in: WireArena())
        }
        #expect(error?.reason == "it is much larger than its bytes")
    }

    @Test func fieldsThatNobodyKnowsAreBoundedToo() {
        let bytes = ([0x78, 0] as [UInt8]).cycled(200_000)
        #expect(Self.reason(bytes) == "it is much larger than its bytes")
        #expect(Self.reason(([0x78, 0] as [UInt8]).cycled(1000)) == nil)
    }

    /// Groups, which would be nested without end, are of proto2 and not known.
    @Test func groupsAreRefused() {
        #expect(Self.reason([UInt8](repeating: 0x0B, count: 100_000)) == "malformed")
    }

    /// An arena that was overdrawn is as good as new.
    @Test func aRefusalIsForgotten() throws {
        let arena = WireArena()
        #expect(throws: WireError.self) {
            try Wire.ListMembersResponse.decode(([0x12, 0] as [UInt8]).cycled(100_000), in: arena)
        }
        arena.removeAll()
        #expect(try Wire.ListMembersResponse.decode([0x12, 0], in: arena).pointee.n_members == 1)
    }
}

extension [UInt8] {
    fileprivate func cycled(_ times: Int) -> [UInt8] {
        (0..<times).flatMap { _ in self }
    }
}
