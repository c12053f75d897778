import CLehrWire
import LehrWire
import Testing

@Suite struct LateBytesTests {
    /// A content by which its place and its order can be told.
    private func content(_ count: Int, _ seed: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ seed) }
    }

    private func rows(
        _ counts: [Int], _ field: @escaping (WireArena, Int, Int) -> ProtobufCBinaryData
    ) -> [UInt8] {
        Wire.PullResponse.encode { message, arena in
            let list: (Int, UnsafeMutablePointer<UnsafeMutablePointer<Wire.TableRows>?>?) =
                arena.list(Array(counts.enumerated())) { item, table, arena in
                    table.table = UInt32(item.offset)
                    table.values = field(arena, item.element, item.offset)
                    table.format = .init(rawValue: 2)
                }
            (message.n_tables, message.tables) = list
        }
    }

    @Test(arguments: [[], [0], [1], [4096], [4097], [100_000], [5000, 0, 3, 70_000, 4097]])
    func theMessageIsTheSameAsWithBytesThatAreThere(counts: [Int]) {
        let early = rows(counts) { $0.bytes(copying: content($1, $2)) }
        let late = rows(counts) { arena, count, seed in
            arena.bytes(count: count) { $0.copyBytes(from: content(count, seed)) }
        }
        #expect(late == early)
    }

    @Test func anArenaThatIsUsedAgainKnowsNothingOfThem() {
        let pool = ArenaPool()
        var written = 0
        for _ in 0..<3 {
            let bytes = pool.encode { (message: inout Wire.ScanChunk, arena) in
                message.keys = arena.bytes(count: 10_000) {
                    $0.initializeMemory(as: UInt8.self, repeating: 1)
                    written += 1
                }
            }
            #expect(bytes.count > 10_000 && bytes.last == 1)
        }
        #expect(written == 3)
    }
}
