import Glibc

/// The memory of one core's tables: blocks of a power of two from 64 KiB to 2 MiB, cut from huge
/// pages.
///
/// Address space is mapped in slabs of 64 MiB and never moves. Huge pages of which nothing is used go
/// back to the system with `trim`, one at a time, but for a few that are kept ready: a partition that
/// goes leaves many, and each takes the system some 100 us. The first touch of a huge page costs
/// the system some 100 us to clear it, so `PreparedPages` lets another thread touch pages ahead.
/// Used by one core alone.
package final class BlockPool {
    package static let smallestBlock = 64 << 10
    package static let page = 2 << 20
    private static let slab = 64 << 20
    private static let unitsPerPage = page / smallestBlock

    /// Most bytes of huge pages that are used or kept ready at once.
    package let byteLimit: Int
    /// Bytes of huge pages of which something is used, or that are kept ready.
    package private(set) var bytesReserved = 0
    /// Bytes of blocks handed out.
    package private(set) var bytesUsed = 0
    /// Huge pages that were handed out before anybody had touched them.
    package private(set) var pagesUnprepared: UInt64 = 0

    /// The end of another thread that touches pages ahead.
    package let prepared: PreparedPages
    /// Called when pages were asked for, at most once for each page taken: to wake that thread.
    package var onRequest: (() -> Void)?
    /// Called when there is something to `trim`.
    package var onSurplus: (() -> Void)?
    private var slabs: [UnsafeMutableRawPointer] = []
    /// Addresses of pages that hold no memory.
    private var addresses: [UnsafeMutableRawPointer] = []
    /// Pages that are free and hold memory.
    private var spares: [UnsafeMutableRawPointer] = []
    private let spareLimit: Int
    /// By page: the units of 64 KiB in use, a bit each. Whole pages in use are not listed.
    private var units: [UnsafeMutableRawPointer: UInt32] = [:]
    /// Pages of `units` that have room, in the order of their opening.
    private var partial: [UnsafeMutableRawPointer] = []

    /// - Parameters:
    ///   - sparePages: free huge pages that `trim` does not give back to the system.
    ///   - preparedPages: pages that a preparing thread, if there is one, keeps touched ahead.
    package init(byteLimit: Int = .max, sparePages: Int = 2, preparedPages: Int = 0) {
        self.byteLimit = byteLimit
        spareLimit = sparePages
        prepared = PreparedPages(count: preparedPages)
    }

    deinit {
        prepared.close()
        for slab in slabs { munmap(slab, Self.slab) }
    }

    /// Makes `byteCount` bytes of free memory ready at once, here: for a start with a known size.
    package func prepare(byteCount: Int) {
        var left = byteCount
        while left > 0, let page = freshPage() {
            PreparedPages.touch(page)
            spares.append(page)
            left -= Self.page
        }
    }

    /// A block of at least `byteCount` bytes (a power of two, at most a page), aligned to its size.
    ///
    /// Its bytes are anything. Nil at the limit, or when the system refuses.
    func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        precondition(
            byteCount.nonzeroBitCount == 1 && byteCount >= Self.smallestBlock
                && byteCount <= Self.page, "a block is a power of two from 64 KiB to 2 MiB")
        let block = byteCount == Self.page ? takePage() : takeUnits(byteCount)
        if block != nil { bytesUsed += byteCount }
        return block
    }

    /// Gives back what `take(byteCount)` gave.
    func give(_ block: UnsafeMutableRawPointer, _ byteCount: Int) {
        bytesUsed -= byteCount
        guard byteCount < Self.page else { return givePage(block) }
        let (page, mask) = Self.place(of: block, byteCount)
        guard let used = units[page] else { preconditionFailure("a block of another pool") }
        if used == .max { partial.append(page) }
        units[page] = used & ~mask
        guard used == mask else { return }
        units[page] = nil
        partial.removeAll { $0 == page }
        givePage(page)
    }

    /// Whether a block of this size could be had.
    func hasRoom(_ byteCount: Int) -> Bool {
        !spares.isEmpty || bytesReserved <= byteLimit - Self.page || !prepared.isEmpty
            || (byteCount < Self.page && freeUnits(byteCount) != nil)
    }

    // MARK: - Parts of a page

    private func takeUnits(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        if let (position, unit) = freeUnits(byteCount) {
            let page = partial[position]
            mark(page, (units[page] ?? 0) | Self.run(byteCount) << UInt32(unit), position)
            return page + unit * Self.smallestBlock
        }
        guard let page = takePage() else { return nil }
        partial.append(page)
        mark(page, Self.run(byteCount), partial.count - 1)
        return page
    }

    /// Where a page in use has room for a block: its position among those, and the first unit.
    private func freeUnits(_ byteCount: Int) -> (position: Int, unit: Int)? {
        let run = Self.run(byteCount)
        for (position, page) in partial.enumerated() {
            let used = units[page] ?? 0
            for unit in stride(
                from: 0, to: Self.unitsPerPage, by: byteCount / Self.smallestBlock)
            where used & (run << UInt32(unit)) == 0 {
                return (position, unit)
            }
        }
        return nil
    }

    /// A bit for each unit of a block, from the lowest.
    private static func run(_ byteCount: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(byteCount / smallestBlock)) - 1)
    }

    private func mark(_ page: UnsafeMutableRawPointer, _ used: UInt32, _ position: Int) {
        units[page] = used
        if used == .max { partial.remove(at: position) }
    }

    private static func place(
        of block: UnsafeMutableRawPointer, _ byteCount: Int
    ) -> (page: UnsafeMutableRawPointer, mask: UInt32) {
        let offset = Int(bitPattern: block) & (page - 1)
        return (block - offset, run(byteCount) << UInt32(offset / smallestBlock))
    }

    // MARK: - Pages

    private func takePage() -> UnsafeMutableRawPointer? {
        if let page = spares.popLast() { return page }
        let ready = prepared.take()
        requestPages()
        if let ready { return ready }
        // At the limit those are left that were asked for and are not ready yet.
        guard let page = freshPage() ?? prepared.takeBack() else { return nil }
        pagesUnprepared += 1
        return page
    }

    private func givePage(_ page: UnsafeMutableRawPointer) {
        spares.append(page)
        if hasSurplus { onSurplus?() }
    }

    /// Whether more pages are free than are kept ready.
    package var hasSurplus: Bool { spares.count > spareLimit }

    /// Gives one of these pages back to the system; false when there is none.
    package func trim() -> Bool {
        guard hasSurplus, let page = spares.popLast() else { return false }
        // The memory goes at once; the addresses stay ours.
        madvise(page, Self.page, MADV_DONTNEED)
        bytesReserved -= Self.page
        addresses.append(page)
        return true
    }

    /// Asks for as many pages as the preparing thread may keep.
    private func requestPages() {
        var hasAsked = false
        while prepared.hasRoom, let page = freshPage() {
            prepared.request(page)
            hasAsked = true
        }
        if hasAsked { onRequest?() }
    }

    /// Lets the preparing thread begin before the first page is needed.
    package func startPreparing() { requestPages() }

    private func freshPage() -> UnsafeMutableRawPointer? {
        guard bytesReserved <= byteLimit - Self.page else { return nil }
        if addresses.isEmpty { mapSlab() }
        guard let page = addresses.popLast() else { return nil }
        bytesReserved += Self.page
        return page
    }

    private func mapSlab() {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let start = mmap(nil, Self.slab + Self.page, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let start, start != MAP_FAILED else { return }
        // Mapped a page too long; cut off what lies before and behind the aligned part.
        let misalignment = Int(bitPattern: start) & (Self.page - 1)
        let lead = misalignment == 0 ? 0 : Self.page - misalignment
        let base = start + lead
        if lead > 0 { munmap(start, lead) }
        munmap(base + Self.slab, Self.page - lead)
        // Advice only: a kernel without huge pages says no, and nothing depends on it.
        madvise(base, Self.slab, MADV_HUGEPAGE)
        slabs.append(base)
        for offset in stride(from: Self.slab - Self.page, through: 0, by: -Self.page) {
            addresses.append(base + offset)
        }
    }
}
