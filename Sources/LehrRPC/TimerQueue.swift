import HeapModule
package import LehrCore

/// Work that is due at a time, by time and then in the order in which it was scheduled.
///
/// Scheduling and firing cost O(log n), cancelling O(1) amortised: what was cancelled leaves a mark
/// in the heap, and the heap is rebuilt once such marks are the larger part of it.
package struct TimerQueue {
    private struct Due: Comparable {
        let time: Instant
        let sequence: UInt64
        let slot: Int

        static func < (left: Self, right: Self) -> Bool {
            (left.time, left.sequence) < (right.time, right.sequence)
        }
    }

    private struct Slot {
        /// Of the work that has the slot; 0: it is free.
        var sequence: UInt64 = 0
        var work: (() -> Void)?
    }

    private var due = Heap<Due>()
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var nextSequence: UInt64 = 1

    /// A `TimerID` is the sequence number above this many bits of slot.
    private static let slotBits = 24

    package init() {}

    /// Pieces of work that wait.
    package var count: Int { slots.count - free.count }

    package mutating func schedule(at time: Instant, _ work: @escaping () -> Void) -> TimerID {
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(Slot()) }
        precondition(slot < 1 << Self.slotBits, "a core has more timers than it can number")
        let sequence = nextSequence
        nextSequence += 1
        slots[slot] = Slot(sequence: sequence, work: work)
        due.insert(Due(time: time, sequence: sequence, slot: slot))
        return TimerID(sequence << UInt64(Self.slotBits) | UInt64(slot))
    }

    /// Forgets a piece of work; one that was taken or is unknown is ignored.
    package mutating func cancel(_ timer: TimerID) {
        let slot = Int(timer.value & (1 << UInt64(Self.slotBits) - 1))
        let sequence = timer.value >> UInt64(Self.slotBits)
        guard slot < slots.count, sequence != 0, slots[slot].sequence == sequence else { return }
        release(slot)
        guard due.count > 2 * count + 1024 else { return }
        due = Heap(due.unordered.filter { slots[$0.slot].sequence == $0.sequence })
    }

    /// When the first piece of work is due; nil: there is none.
    package mutating func nextTime() -> Instant? {
        while let next = due.min {
            if slots[next.slot].sequence == next.sequence { return next.time }
            due.removeMin()
        }
        return nil
    }

    /// Takes the first piece of work that is due at `now`.
    package mutating func takeDue(at now: Instant) -> (time: Instant, work: () -> Void)? {
        guard let time = nextTime(), time <= now, let next = due.popMin(),
            let work = slots[next.slot].work
        else { return nil }
        release(next.slot)
        return (time, work)
    }

    private mutating func release(_ slot: Int) {
        slots[slot] = Slot()
        free.append(slot)
    }
}
