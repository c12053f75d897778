import LehrCore
import Testing

@testable import LehrTable

@Suite struct DeltaKeysTests {
    private func encoded(_ keys: [UInt64]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: DeltaKeys.byteCountMax(keys.count))
        let count = bytes.withUnsafeMutableBytes { bytes in
            keys.withUnsafeBufferPointer { DeltaKeys.encode($0, into: bytes) }
        }
        return Array(bytes[..<count])
    }

    /// Reads a copy that ends where its memory ends, so that a sanitizer sees a read beyond.
    private func decoded(
        _ bytes: [UInt8], countMax: Int = 10_000
    ) throws(DeltaKeysError) -> [UInt64] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        let packed = try DeltaKeys(UnsafeRawBufferPointer(memory), countMax: countMax)
        return [UInt64](unsafeUninitializedCapacity: packed.count) { keys, count in
            packed.decode(into: UnsafeMutableBufferPointer(rebasing: keys[..<packed.count]))
            count = packed.count
        }
    }

    private static func samples() -> [[UInt64]] {
        var random = RandomSource(seed: 11)
        var samples: [[UInt64]] = [
            [], [0], [.max], [0, .max], [.max, 0], [5, 5, 5], [0, 0], [1 << 63, 1],
            Array(1000..<1300), Array((0..<50).reversed()),
        ]
        for count in [1, 7, 8, 9, 63, 64, 65, 1000] {
            samples.append((0..<count).map { _ in random.next() })
            samples.append((0..<count).map { _ in random.next() }.sorted())
            samples.append((0..<count).map { _ in random.next() >> UInt64(random.below(64)) })
        }
        return samples
    }

    @Test func anyKeysComeBack() throws {
        for keys in Self.samples() { #expect(try decoded(encoded(keys)) == keys) }
    }

    @Test func sizesAreWhatTheLayoutSays() {
        #expect(encoded([]) == [0, 0, 0, 0])
        #expect(encoded([7]) == [1, 0, 0, 0] + [0, 0, 0] + [7])
        #expect(encoded([0x0201, 0x0203]) == [2, 0, 0, 0] + [1, 0, 0] + [1, 2, 2])
        let eight = encoded([0, 1 << 63] + (1...6).map { (1 << 63) + $0 })
        #expect(eight.count == 4 + 3 + 1 + 8 + 6 && Array(eight[4..<7]) == [0b111000, 0, 0])
        #expect(encoded(Array(0..<800)).count == 4 + 300 + 800)
    }

    @Test func everyTruncationAndExtensionIsRefused() {
        for keys in Self.samples().filter({ $0.count < 100 }) {
            let bytes = encoded(keys)
            for count in 0..<bytes.count {
                #expect(throws: DeltaKeysError.self) { try decoded(Array(bytes[..<count])) }
            }
            #expect(throws: DeltaKeysError.self) { try decoded(bytes + [0]) }
        }
    }

    @Test func whatIsWrongIsSaid() {
        func problem(_ bytes: [UInt8], countMax: Int = 10) -> DeltaKeysError? {
            do throws(DeltaKeysError) {
                _ = try decoded(bytes, countMax: countMax)
                return nil
            } catch { return error }
        }
        #expect(problem([1, 2, 3]) == .withoutCount(bytes: 3))
        #expect(problem([255, 255, 255, 255]) == .tooMany(count: 0xFFFF_FFFF, allowed: 10))
        #expect(problem(encoded([1, 2, 3]), countMax: 2) == .tooMany(count: 3, allowed: 2))
        #expect(problem(encoded([1, 2, 3]), countMax: 3) == nil)
        // As many keys as one likes cost their sender at least a byte and three bits each.
        #expect(
            problem([255, 255, 255, 255], countMax: .max)
                == .wrongSize(
                    count: 0xFFFF_FFFF, expected: 4 + 1_610_612_736 + 0xFFFF_FFFF, bytes: 4))
        #expect(problem([1, 0, 0, 0, 1, 0, 0, 7]) == .wrongSize(count: 1, expected: 9, bytes: 8))
        #expect(problem([1, 2, 3])?.description.contains("3 bytes") == true)
    }

    @Test func flippedBitsAreRefusedOrOtherKeys() {
        var (refused, read) = (0, 0)
        for keys in Self.samples().filter({ $0.count < 70 }) {
            let bytes = encoded(keys)
            for bit in 0..<bytes.count * 8 {
                var flipped = bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                do throws(DeltaKeysError) {
                    let other = try decoded(flipped)
                    read += 1
                    #expect(other.count == keys.count || bit < 32)
                } catch { refused += 1 }
            }
        }
        #expect(refused > 500 && read > 500)
    }
}
