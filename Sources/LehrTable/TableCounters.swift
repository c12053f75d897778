/// What became of the rows of one push.
package struct PushOutcome: Hashable, Sendable {
    /// Gradients applied; a key that came twice counts twice.
    package var applied = 0
    /// Rows that did not exist before.
    package var created = 0
    /// Gradients or counts that were not numbers, or absurdly large.
    package var refusedNotFinite = 0
    /// Gradients of new keys for which there was no room.
    package var refusedAtLimit = 0
    /// Gradients, and counts of a row, that were not numbers or too large, made so and applied.
    package var clipped = 0

    package init() {}

    mutating func add(_ other: PushOutcome) {
        applied += other.applied
        created += other.created
        refusedNotFinite += other.refusedNotFinite
        refusedAtLimit += other.refusedAtLimit
        clipped += other.clipped
    }
}

/// What a partition has done since it was created.
package struct TableCounters: Hashable, Sendable {
    /// Rows read by pulls.
    package var pulled: UInt64 = 0
    /// Of these, rows that did not exist and were answered with their initial value.
    package var pulledMissing: UInt64 = 0
    package var applied: UInt64 = 0
    package var created: UInt64 = 0
    package var refusedNotFinite: UInt64 = 0
    package var refusedAtLimit: UInt64 = 0
    package var clipped: UInt64 = 0
    /// Narrow rows that got their full width.
    package var widened: UInt64 = 0
    /// Rows given up to make room, and rows removed by their keys.
    package var retired: UInt64 = 0
    package var removed: UInt64 = 0

    package init() {}

    /// Places that rows have left: what compaction may gain from.
    package var vacated: UInt64 { retired &+ removed &+ widened }

    /// As numbers, in an order that does not change.
    package var numbers: [UInt64] {
        [
            pulled, pulledMissing, applied, created, refusedNotFinite, refusedAtLimit, clipped,
            widened,
            retired, removed,
        ]
    }

    /// Nil: these are not as many.
    package init?(_ numbers: [UInt64]) {
        guard numbers.count == 10 else { return nil }
        (pulled, pulledMissing, applied, created) = (numbers[0], numbers[1], numbers[2], numbers[3])
        (refusedNotFinite, refusedAtLimit, clipped) = (numbers[4], numbers[5], numbers[6])
        (widened, retired, removed) = (numbers[7], numbers[8], numbers[9])
    }

    mutating func count(_ outcome: PushOutcome) {
        applied += UInt64(outcome.applied)
        created += UInt64(outcome.created)
        refusedNotFinite += UInt64(outcome.refusedNotFinite)
        refusedAtLimit += UInt64(outcome.refusedAtLimit)
        clipped += UInt64(outcome.clipped)
    }
}
