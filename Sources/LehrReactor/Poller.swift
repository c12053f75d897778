import CLinux
import Glibc

/// What is told that its descriptor can be read or written.
package protocol PollTarget: AnyObject {
    /// Edge-triggered: read and write until the kernel says that it would block.
    func ready(_ readiness: Readiness)
}

/// What a descriptor is ready for.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Self(rawValue: EPOLLIN.rawValue)
    package static let writable = Self(rawValue: EPOLLOUT.rawValue)
    /// The peer will send no more.
    package static let halfClosed = Self(rawValue: EPOLLRDHUP.rawValue)
    /// The peer will send no more, or the descriptor has failed: any of these; reading tells which.
    package static let ended = Self(
        rawValue: EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)

    // Asked with each event, and so by their bits: operations of sets are generic, and not inlined
    // into other modules.

    package var isWritable: Bool { rawValue & Self.writable.rawValue != 0 }
    /// By any of the marks of an end.
    package var isEnded: Bool { rawValue & Self.ended.rawValue != 0 }
    /// There is something to read, be it the end.
    package var isReadable: Bool {
        rawValue & (Self.readable.rawValue | Self.ended.rawValue) != 0
    }
}

/// Names a registration with a `Poller`.
package struct PollToken: Sendable {
    fileprivate let slot: Int
    fileprivate let generation: UInt32
}

/// An epoll set whose descriptors are registered once, edge-triggered, and an eventfd that wakes it.
struct Poller {
    private struct Slot {
        var generation: UInt32 = 0
        var descriptor: Int32 = -1
        var target: (any PollTarget)?
    }

    private let epoll: Int32
    /// Written by other threads to end a wait.
    let wakeup: Int32
    private var slots: [Slot] = []
    private var free: [Int] = []
    private let events: UnsafeMutablePointer<epoll_event>

    private static let eventCapacity = 256
    private static let wakeupData = UInt64.max

    init() throws(SystemError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("create an epoll set", Glibc.errno) }
        wakeup = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard wakeup >= 0 else {
            let cause = Glibc.errno
            close(epoll)
            throw SystemError("create an eventfd", cause)
        }
        events = .allocate(capacity: Self.eventCapacity)
        var event = epoll_event(
            events: EPOLLIN.rawValue | EPOLLET.rawValue, data: epoll_data_t(u64: Self.wakeupData))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event) == 0 else {
            let cause = Glibc.errno
            closeAll()
            throw SystemError("watch an eventfd", cause)
        }
    }

    func closeAll() {
        close(epoll)
        close(wakeup)
        events.deallocate()
    }

    /// Forgets every target and returns them; nothing is told any more. As with `remove`, the caller
    /// lets go of them, when nothing here is being changed.
    mutating func forgetAll() -> [any PollTarget] {
        var targets: [any PollTarget] = []
        for slot in slots.indices {
            guard let target = slots[slot].target else { continue }
            targets.append(target)
            slots[slot].target = nil
            slots[slot].generation &+= 1
        }
        return targets
    }

    mutating func add(
        _ descriptor: Int32, _ target: any PollTarget
    ) throws(SystemError) -> PollToken {
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(Slot()) }
        let generation = slots[slot].generation
        let interest =
            EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        var event = epoll_event(
            events: interest,
            data: epoll_data_t(u64: UInt64(generation) << 32 | UInt64(slot)))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            free.append(slot)
            throw SystemError("watch a descriptor", Glibc.errno)
        }
        slots[slot].target = target
        slots[slot].descriptor = descriptor
        return PollToken(slot: slot, generation: generation)
    }

    /// Forgets a target and returns it; call before the descriptor is closed.
    mutating func remove(_ token: PollToken) -> (any PollTarget)? {
        guard slots[token.slot].generation == token.generation else { return nil }
        let target = slots[token.slot].target
        epoll_ctl(epoll, EPOLL_CTL_DEL, slots[token.slot].descriptor, nil)
        slots[token.slot].target = nil
        slots[token.slot].generation &+= 1
        free.append(token.slot)
        return target
    }

    /// Waits at most `milliseconds`, -1: for ever; returns the number of events to `take`.
    func wait(milliseconds: Int32) -> Int {
        let count = epoll_wait(epoll, events, Int32(Self.eventCapacity), milliseconds)
        // A signal ends the wait early: as if nothing had happened.
        return max(Int(count), 0)
    }

    /// The target of an event; nil when it has gone since, or was the wake-up.
    func take(_ index: Int) -> (target: any PollTarget, readiness: Readiness)? {
        let event = events[index]
        guard event.data.u64 != Self.wakeupData else {
            var count: UInt64 = 0
            _ = read(wakeup, &count, MemoryLayout<UInt64>.size)
            return nil
        }
        let slot = Int(event.data.u64 & 0xFFFF_FFFF)
        guard slots[slot].generation == UInt32(event.data.u64 >> 32),
            let target = slots[slot].target
        else { return nil }
        return (target, Readiness(rawValue: event.events))
    }
}
