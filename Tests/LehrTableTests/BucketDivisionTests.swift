import CLehrKernels
import LehrCore
import Testing

@testable import LehrTable

/// Dividing the buckets of a segment, by whatever this machine has and by what any machine has.
@Suite struct BucketDivisionTests {
    private static let bucketCount = 16

    private typealias Divide = (
        UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int, UInt32,
        UnsafeMutablePointer<UInt32>?
    ) -> lehr_division

    private struct Division: Equatable {
        /// By bucket: its entries, in order.
        var stayed: [[Entry]] = []
        var went: [[Entry]] = []
        var displaced: [UInt32] = []
    }

    private struct Entry: Equatable {
        let tag, location: UInt32
    }

    /// Entries, empty and removed ones, and some that are not at home; full buckets and empty ones.
    private func buckets(_ random: inout RandomSource) -> [[Entry]] {
        (0..<Self.bucketCount).map { bucket in
            (0..<KeyIndex.slotsPerBucket).map { _ in
                let isFull = bucket % 4 == 0
                let kind = bucket == 1 ? 0 : random.next() % 8
                let tag = UInt32(truncatingIfNeeded: random.next())
                let location = UInt32(truncatingIfNeeded: random.next())
                switch kind {
                case 0 where !isFull: return Entry(tag: 0, location: location)
                case 1 where !isFull: return Entry(tag: 1, location: location)
                case 2: return Entry(tag: tag | KeyIndex.displaced, location: location)
                default: return Entry(tag: KeyIndex.tag(UInt64(tag)), location: location)
                }
            }
        }
    }

    private func expected(_ buckets: [[Entry]], bit: UInt32) -> Division {
        var division = Division()
        for bucket in buckets {
            let home = bucket.filter { $0.tag > 1 && $0.tag & KeyIndex.displaced == 0 }
            division.stayed.append(home.filter { $0.tag >> bit & 1 == 0 })
            division.went.append(home.filter { $0.tag >> bit & 1 == 1 })
            division.displaced += bucket.filter { $0.tag & KeyIndex.displaced != 0 }.map(\.location)
        }
        return division
    }

    private func divided(_ buckets: [[Entry]], bit: UInt32, _ divide: Divide) -> Division {
        let byteCount = Self.bucketCount * KeyIndex.bucketBytes
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 2 * byteCount, alignment: 64)
        let (first, other) = (memory, memory + byteCount)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0xFF, count: 2 * byteCount)
        for (position, bucket) in buckets.enumerated() {
            for (slot, entry) in bucket.enumerated() {
                KeyIndex.set(
                    first + position * KeyIndex.bucketBytes, slot, tag: entry.tag,
                    location: entry.location)
            }
        }
        let room = Self.bucketCount * KeyIndex.slotsPerBucket
        var displaced = [UInt32](repeating: 0, count: room)
        let result = divide(first, other, Self.bucketCount, bit, &displaced)
        let division = Division(
            stayed: entries(first), went: entries(other),
            displaced: Array(displaced[..<Int(result.displaced)]))
        #expect(division.stayed.joined().count == Int(result.stayed))
        #expect(division.went.joined().count == Int(result.went))
        return division
    }

    /// What is in some buckets up to the first empty place of each, behind which there is nothing.
    private func entries(_ start: UnsafeMutableRawPointer) -> [[Entry]] {
        (0..<Self.bucketCount).map { position in
            let words = (start + position * KeyIndex.bucketBytes)
                .assumingMemoryBound(to: UInt32.self)
            let slots = 0..<KeyIndex.slotsPerBucket
            let count = slots.first { words[$0] == 0 } ?? slots.count
            #expect(slots[count...].allSatisfy { words[$0] == 0 })
            return slots[..<count].map { Entry(tag: words[$0], location: words[slots.count + $0]) }
        }
    }

    @Test(arguments: [0, 1, 13, 24] as [UInt32])
    func entriesGoByTheirBit(bit: UInt32) {
        for seed in 0..<200 as Range<UInt64> {
            var random = RandomSource(seed: seed)
            let buckets = buckets(&random)
            let expected = expected(buckets, bit: bit)
            #expect(divided(buckets, bit: bit, lehr_buckets_divide) == expected, "seed \(seed)")
            #expect(
                divided(buckets, bit: bit, lehr_buckets_divide_portably) == expected,
                "seed \(seed)")
        }
    }
}
