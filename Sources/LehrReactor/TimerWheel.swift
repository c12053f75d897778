package import LehrCore
package import LehrRPC

/// Work that is due at a time, in a hierarchical wheel: scheduling, cancelling and firing cost O(1).
///
/// Time is cut into ticks of 2^20 ns, about a millisecond. Level *n* has 64 slots of 64^n ticks each;
/// what lies far ahead waits in a coarse slot and moves to finer ones as its time comes near. Work is
/// never early, and late by less than a tick. What is due together runs in the order of its times,
/// and then of its scheduling. After Varghese and Lauck, "Hashed and hierarchical timing wheels".
package struct TimerWheel {
    private struct Entry {
        var tick: UInt64 = 0
        var time = Instant(nanoseconds: 0)
        /// 0: the entry is free.
        var sequence: UInt64 = 0
        var work: (() -> Void)?
        var slot = none
        var next = none
        var previous = none
    }

    private static let none: Int32 = -1
    private static let tickShift: UInt64 = 20
    private static let levelBits: UInt64 = 6
    private static let slotsPerLevel = 64
    /// 64^7 ticks are 146 years; what is due after the present round of them waits for its end.
    private static let levelCount = 7
    private static let ticksMax: UInt64 = 1 << (levelBits * UInt64(levelCount)) - 1
    /// A `TimerID` is the sequence number above this many bits of entry.
    private static let entryBits: UInt64 = 24

    private var entries: [Entry] = []
    private var free: [Int32] = []
    private var heads = [Int32](repeating: none, count: slotsPerLevel * levelCount)
    /// A bit for each slot of a level that is not empty.
    private var occupied = [UInt64](repeating: 0, count: levelCount)
    /// Every tick up to this one has been dealt with.
    private var elapsed: UInt64
    private var due: [(entry: Int32, sequence: UInt64)] = []
    private var duePosition = 0
    private var nextSequence: UInt64 = 1

    package init(at now: Instant) { elapsed = now.nanoseconds >> Self.tickShift }

    /// Pieces of work that wait.
    package var count: Int { entries.count - free.count }

    package mutating func schedule(at time: Instant, _ work: @escaping () -> Void) -> TimerID {
        let index = free.popLast() ?? Int32(entries.count)
        if index == entries.count { entries.append(Entry()) }
        precondition(index < 1 << Self.entryBits, "a core has more timers than it can number")
        let sequence = nextSequence
        nextSequence += 1
        // Rounded up, so that nothing is early.
        let tick = (time.nanoseconds + (1 << Self.tickShift - 1)) >> Self.tickShift
        entries[Int(index)] = Entry(
            tick: max(min(tick, elapsed | Self.ticksMax), elapsed + 1), time: time,
            sequence: sequence, work: work)
        link(index)
        return TimerID(sequence << Self.entryBits | UInt64(index))
    }

    /// Forgets a piece of work and returns it; one that was taken or is unknown is ignored.
    ///
    /// What it holds goes with it, and may cancel other timers on the way: so the caller lets go of
    /// it, when the wheel is not being changed.
    package mutating func cancel(_ timer: TimerID) -> (() -> Void)? {
        let index = Int(timer.value & (1 << Self.entryBits - 1))
        let sequence = timer.value >> Self.entryBits
        guard index < entries.count, sequence != 0, entries[index].sequence == sequence else {
            return nil
        }
        if entries[index].slot != Self.none { unlink(Int32(index)) }
        return release(Int32(index))
    }

    /// When to look again at the latest; nil: nothing waits.
    package var nextTime: Instant? {
        if duePosition < due.count { return Instant(nanoseconds: elapsed << Self.tickShift) }
        return nextSlot().map { Instant(nanoseconds: $0.tick << Self.tickShift) }
    }

    /// Takes the next piece of work that is due at `now`.
    package mutating func takeDue(at now: Instant) -> (() -> Void)? {
        advance(to: now.nanoseconds >> Self.tickShift)
        while duePosition < due.count {
            let (index, sequence) = due[duePosition]
            duePosition += 1
            // Cancelled while it waited for its turn.
            guard entries[Int(index)].sequence == sequence else { continue }
            return release(index)
        }
        return nil
    }

    // MARK: The wheel

    /// Deals with every tick up to `tick`, unless some of the earlier ones are still being taken.
    private mutating func advance(to tick: UInt64) {
        guard duePosition == due.count else { return }
        due.removeAll(keepingCapacity: true)
        duePosition = 0
        while let next = nextSlot(), next.tick <= tick {
            elapsed = next.tick
            let slot = next.level * Self.slotsPerLevel + next.slot
            var index = heads[slot]
            heads[slot] = Self.none
            occupied[next.level] &= ~(1 << UInt64(next.slot))
            while index != Self.none {
                let following = entries[Int(index)].next
                entries[Int(index)].slot = Self.none
                if entries[Int(index)].tick <= elapsed {
                    due.append((index, entries[Int(index)].sequence))
                } else {
                    link(index)
                }
                index = following
            }
        }
        elapsed = max(elapsed, tick)
        if due.count > 1 {
            due.sort { left, right in
                let (first, second) = (entries[Int(left.entry)], entries[Int(right.entry)])
                return (first.time, first.sequence) < (second.time, second.sequence)
            }
        }
    }

    /// The first slot that is not empty, and the tick at which it begins.
    private func nextSlot() -> (level: Int, slot: Int, tick: UInt64)? {
        for level in 0..<Self.levelCount where occupied[level] != 0 {
            let shift = UInt64(level) * Self.levelBits
            let here = elapsed >> shift & 63
            // Rotated, so that the present slot is bit 0.
            let bits = occupied[level]
            let rotated = here == 0 ? bits : bits >> here | bits << (64 - here)
            let distance = UInt64(rotated.trailingZeroBitCount)
            let start = (elapsed >> shift + distance) << shift
            return (level, Int((here + distance) & 63), max(start, elapsed))
        }
        return nil
    }

    private mutating func link(_ index: Int32) {
        let tick = entries[Int(index)].tick
        let level = Self.level(of: tick, from: elapsed)
        let place = Int(tick >> (UInt64(level) * Self.levelBits) & 63)
        let slot = level * Self.slotsPerLevel + place
        let head = heads[slot]
        entries[Int(index)].slot = Int32(slot)
        entries[Int(index)].previous = Self.none
        entries[Int(index)].next = head
        if head != Self.none { entries[Int(head)].previous = index }
        heads[slot] = index
        occupied[level] |= 1 << UInt64(place)
    }

    private mutating func unlink(_ index: Int32) {
        let entry = entries[Int(index)]
        if entry.next != Self.none { entries[Int(entry.next)].previous = entry.previous }
        if entry.previous != Self.none {
            entries[Int(entry.previous)].next = entry.next
        } else {
            heads[Int(entry.slot)] = entry.next
            guard entry.next == Self.none else { return }
            let (level, place) = Int(entry.slot).quotientAndRemainder(dividingBy: 64)
            occupied[level] &= ~(1 << UInt64(place))
        }
    }

    private mutating func release(_ index: Int32) -> (() -> Void)? {
        let work = entries[Int(index)].work
        entries[Int(index)] = Entry()
        free.append(index)
        return work
    }

    /// The highest group of bits in which the two ticks differ.
    private static func level(of tick: UInt64, from elapsed: UInt64) -> Int {
        let difference = (tick ^ elapsed) | 63
        let highest = UInt64(63 - difference.leadingZeroBitCount)
        return min(Int(highest / levelBits), levelCount - 1)
    }
}
