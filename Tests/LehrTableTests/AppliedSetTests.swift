import Foundation
import LehrCore
import Testing

@testable import LehrTable

@Suite struct AppliedSetTests {
    @Test func aBatchIsAppliedOnce() {
        var applied = AppliedSet()
        #expect(applied.admit(part: 1, batch: 0, floor: 0) == .apply)
        // Admitted but not yet recorded: the same answer.
        #expect(applied.admit(part: 1, batch: 0, floor: 0) == .apply)
        applied.record(part: 1, batch: 0)
        #expect(applied.admit(part: 1, batch: 0, floor: 0) == .duplicate)
        #expect(applied.admit(part: 2, batch: 0, floor: 0) == .apply)
        #expect(applied.contains(part: 1, batch: 0))
        #expect(!applied.contains(part: 2, batch: 0))
        #expect(!applied.contains(part: 3, batch: 0))
        #expect(applied.counters.applied == 1 && applied.counters.duplicates == 1)
    }

    @Test func theWindowIsCountedFromTheFloor() {
        var applied = AppliedSet(window: 64)
        #expect(applied.admit(part: 0, batch: 63, floor: 0) == .apply)
        applied.record(part: 0, batch: 63)
        #expect(applied.admit(part: 0, batch: 64, floor: 0) == .exhausted)
        #expect(applied.admit(part: 0, batch: 64, floor: 1) == .apply)
        applied.record(part: 0, batch: 64)
        #expect(applied.admit(part: 0, batch: 63, floor: 0) == .duplicate)
        #expect(applied.admit(part: 0, batch: 0, floor: 0) == .duplicate)
        #expect(applied.floor(of: 0) == 1)
        #expect(applied.counters.exhausted == 1)
    }

    @Test func aFloorThatJumpsSettlesWhatItPasses() {
        var applied = AppliedSet(window: 64)
        #expect(applied.admit(part: 0, batch: 3, floor: 0) == .apply)
        applied.record(part: 0, batch: 3)
        #expect(applied.admit(part: 0, batch: 1_000_003, floor: 1_000_000) == .apply)
        #expect(applied.admit(part: 0, batch: 2, floor: 0) == .duplicate)
        #expect(applied.admit(part: 0, batch: 999_999, floor: 0) == .duplicate)
        // A floor beyond the batch settles the batch itself.
        #expect(applied.admit(part: 0, batch: 1_000_001, floor: 1_000_002) == .duplicate)
        #expect(applied.admit(part: 0, batch: .max, floor: .max) == .apply)
        applied.record(part: 0, batch: .max)
        #expect(applied.admit(part: 0, batch: .max, floor: .max) == .duplicate)
    }

    @Test func anExhaustedBatchStillMovesTheFloor() {
        var applied = AppliedSet(window: 64)
        #expect(applied.admit(part: 0, batch: 500, floor: 10) == .exhausted)
        #expect(applied.floor(of: 0) == 10)
        #expect(applied.admit(part: 0, batch: 9, floor: 0) == .duplicate)
    }

    @Test func onePartTooManyIsRefusedUntilOthersAreSettled() {
        var applied = AppliedSet(window: 64, partLimit: 2)
        #expect(applied.admit(part: 4, batch: 0, floor: 0) == .apply)
        #expect(applied.admit(part: 2, batch: 0, floor: 0) == .apply)
        #expect(applied.admit(part: 3, batch: 0, floor: 0) == .exhausted)
        #expect(applied.admit(part: 4, batch: 1, floor: 0) == .apply)
        applied.settleParts(below: 3)
        #expect(applied.partCount == 1)
        #expect(applied.admit(part: 2, batch: 7, floor: 0) == .duplicate)
        #expect(applied.contains(part: 2, batch: 7))
        #expect(applied.floor(of: 2) == nil)
        #expect(applied.admit(part: 3, batch: 0, floor: 0) == .apply)
        applied.settleParts(below: 1)
        #expect(applied.partFloor == 3)
    }

    /// Workers as they behave: pushes overtake each other, are repeated, and floors come late.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func everyBatchIsAppliedOnceWhateverTheOrder(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let window = 64 * (1 + random.below(3))
        var applied = AppliedSet(window: window, partLimit: 8)
        var model = NaiveAppliedSet(window: UInt64(window))
        var timesApplied: [[UInt64: Int]] = Array(repeating: [:], count: 8)
        for step in 0..<8000 {
            let part = random.below(8)
            let floor = model.floors[part] ?? 0
            // Mostly near the floor, sometimes far below or above it.
            let batch: UInt64
            switch random.below(10) {
            case 0: batch = UInt64(random.below(Int(floor) + 1))
            case 1: batch = floor + UInt64(random.below(4 * window))
            default: batch = floor + UInt64(random.below(40))
            }
            var claimed = floor
            switch random.below(20) {
            case 0: claimed = floor + UInt64(random.below(3 * window))
            case 1...6: claimed = model.firstUnapplied(part)
            case 7: claimed = UInt64(random.below(Int(floor) + 1))
            default: break
            }
            let answer = applied.admit(part: UInt32(part), batch: batch, floor: claimed)
            #expect(answer == model.admit(part, batch, claimed), "step \(step)")
            #expect(applied.floor(of: UInt32(part)) == model.floors[part])
            if answer == .apply, random.below(10) > 0 {
                applied.record(part: UInt32(part), batch: batch)
                model.applied[part, default: []].insert(batch)
                timesApplied[part][batch, default: 0] += 1
            }
            if step % 1000 == 999 {
                // A move to another owner in the middle changes nothing.
                let bytes = try JSONEncoder().encode(applied)
                let copy = try JSONDecoder().decode(AppliedSet.self, from: bytes)
                #expect(copy == applied)
                applied = copy
            }
        }
        #expect(timesApplied.allSatisfy { $0.values.allSatisfy { $0 == 1 } })
        #expect(applied.counters.duplicates > 100 && applied.counters.exhausted > 10)
        #expect(applied.counters.applied == UInt64(timesApplied.reduce(0) { $0 + $1.count }))
    }

    @Test func whatContradictsItselfIsNotDecoded() throws {
        var applied = AppliedSet(window: 64, partLimit: 2)
        for part in [1, 2] as [UInt32] {
            #expect(applied.admit(part: part, batch: 3, floor: 0) == .apply)
            applied.record(part: part, batch: 3)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(applied), as: UTF8.self)
        for (sound, broken) in [
            ("\"window\":64", "\"window\":128"), ("\"window\":64", "\"window\":0"),
            ("\"window\":64", "\"window\":-64"), ("\"partLimit\":2", "\"partLimit\":1"),
            ("\"partFloor\":0", "\"partFloor\":2"), ("\"part\":2", "\"part\":1"),
            ("\"part\":1", "\"part\":9"), ("\"bits\":[8]", "\"bits\":[]"),
        ] {
            let changed = text.replacingOccurrences(of: sound, with: broken)
            #expect(changed != text, "\(sound)")
            #expect(throws: DecodingError.self, "\(broken)") {
                try JSONDecoder().decode(AppliedSet.self, from: Data(changed.utf8))
            }
        }
        #expect(try JSONDecoder().decode(AppliedSet.self, from: Data(text.utf8)) == applied)
    }

    @Test func mutatedBytesNeverCrashTheDecoder() throws {
        var applied = AppliedSet(window: 128, partLimit: 4)
        for part in 0..<4 as Range<UInt32> {
            #expect(applied.admit(part: part, batch: 70, floor: 9) == .apply)
            applied.record(part: part, batch: 70)
        }
        let bytes = [UInt8](try JSONEncoder().encode(applied))
        var random = RandomSource(seed: 77)
        var refused = 0
        for _ in 0..<2000 {
            var changed = bytes
            for _ in 0...random.below(3) {
                changed[random.below(changed.count)] = UInt8(32 + random.below(95))
            }
            if random.below(4) == 0 { changed.removeLast(random.below(changed.count)) }
            guard
                var decoded = try? JSONDecoder().decode(AppliedSet.self, from: Data(changed))
            else {
                refused += 1
                continue
            }
            // Whatever is accepted has to work.
            let batch = random.next()
            if decoded.admit(part: 1, batch: batch, floor: random.next()) == .apply {
                decoded.record(part: 1, batch: batch)
            }
        }
        #expect(refused > 1000 && refused < 2000)
    }
}

/// The same promise kept with plain sets and no window arithmetic.
private struct NaiveAppliedSet {
    let window: UInt64
    var floors: [Int: UInt64] = [:]
    var applied: [Int: Set<UInt64>] = [:]

    init(window: UInt64) { self.window = window }

    mutating func admit(_ part: Int, _ batch: UInt64, _ floor: UInt64) -> AppliedSet.Admission {
        let raised = Swift.max(floors[part] ?? 0, floor)
        floors[part] = raised
        if batch < raised || applied[part]?.contains(batch) == true { return .duplicate }
        return batch < raised + window ? .apply : .exhausted
    }

    func firstUnapplied(_ part: Int) -> UInt64 {
        var batch = floors[part] ?? 0
        while applied[part]?.contains(batch) == true { batch += 1 }
        return batch
    }
}
