import LehrCore
import LehrTestKit
import Testing

/// What of a file is there after the power has gone.
@Suite struct SimulatedFileTests {
    private static let sector = SimulatedFile.sector
    private static let seeds = 1...400 as ClosedRange<UInt64>

    /// What each seed leaves of a file that `prepare` has made.
    private func survivors(_ prepare: (SimulatedFile) -> Void) -> [[UInt8]] {
        Self.seeds.map { seed in
            let file = SimulatedFile()
            prepare(file)
            var random = RandomSource(seed: seed)
            var survival = Survival(&random)
            file.losePower(&survival)
            return file.bytes
        }
    }

    private func fill(_ file: SimulatedFile, _ value: UInt8, at offset: Int = 0, count: Int) {
        [UInt8](repeating: value, count: count).withUnsafeBytes { file.write($0, at: offset) }
    }

    @Test func whatWasSyncedIsThere() {
        let left = survivors { file in
            fill(file, 1, count: 5 * Self.sector)
            fill(file, 2, at: 100, count: 700)
            file.sync()
        }
        var expected = [UInt8](repeating: 1, count: 5 * Self.sector)
        expected.replaceSubrange(100..<800, with: [UInt8](repeating: 2, count: 700))
        #expect(left.allSatisfy { $0 == expected })
    }

    @Test func ofTheRestEachSectorIsThereOrNot() {
        let left = survivors { file in
            fill(file, 1, count: 4 * Self.sector)
            file.sync()
            fill(file, 2, count: 4 * Self.sector)
        }
        let sectors = left.map { bytes in
            stride(from: 0, to: bytes.count, by: Self.sector).map {
                Set(bytes[$0..<$0 + Self.sector])
            }
        }
        #expect(sectors.joined().allSatisfy { $0.count == 1 }, "a sector is not torn")
        #expect(Set(sectors).count == 16, "each may be there or not, whatever others are")
    }

    @Test func ofSeveralWritesAnyMayHaveBeenTheLast() {
        let left = survivors { file in
            fill(file, 1, count: 100)
            file.sync()
            for value in 2...4 as ClosedRange<UInt8> { fill(file, value, count: 100) }
        }
        #expect(Set(left.map { $0[0] }) == [1, 2, 3, 4])
    }

    @Test func lengthsAreLostToo() {
        let grown = survivors { file in
            fill(file, 1, count: 100)
            file.sync()
            fill(file, 2, at: 100, count: 100)
        }
        #expect(Set(grown.map(\.count)) == [100, 200])
        #expect(grown.allSatisfy { $0.prefix(100).allSatisfy { $0 == 1 } })
        #expect(grown.contains { $0.last == 0 }, "room that nothing came to is zeros")
        let cut = survivors { file in
            fill(file, 1, count: 2000)
            file.sync()
            file.truncate(to: 10)
        }
        #expect(Set(cut.map(\.count)) == [10, 2000])
        #expect(cut.allSatisfy { $0.prefix(10).allSatisfy { $0 == 1 } })
    }

    @Test func whatIsReadIsWhatWasWritten() {
        let file = SimulatedFile()
        var expected: [UInt8] = []
        var random = RandomSource(seed: 7)
        for value in 0..<200 as Range<UInt8> {
            let (offset, count) = (random.below(3000), random.below(900))
            if expected.count < offset + count {
                expected += [UInt8](repeating: 0, count: offset + count - expected.count)
            }
            expected.replaceSubrange(
                offset..<offset + count, with: [UInt8](repeating: value, count: count))
            fill(file, value, at: offset, count: count)
            if random.below(3) == 0 { file.sync() }
            if random.below(9) == 0 {
                expected.removeLast(min(expected.count, 300))
                file.truncate(to: expected.count)
            }
            #expect(file.bytes == expected)
        }
    }
}
