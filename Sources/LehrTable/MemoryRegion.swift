import Glibc

/// Zeroed pages straight from the system, given back to it at once when released.
///
/// From 2 MiB on, a region is aligned to huge pages and asks for them: without them random access
/// to a large table is about twice as slow.
struct MemoryRegion {
    static let hugePage = 2 << 20

    let base: UnsafeMutableRawPointer
    let byteCount: Int

    /// Nil when the system refuses, which callers answer like their own memory limit.
    static func reserve(byteCount: Int) -> MemoryRegion? {
        guard byteCount >= hugePage else {
            return map(byteCount).map { MemoryRegion(base: $0, byteCount: byteCount) }
        }
        guard let start = map(byteCount + hugePage) else { return nil }
        // Mapped one huge page too long; cut off what lies before and behind the aligned part.
        let misalignment = Int(bitPattern: start) & (hugePage - 1)
        let lead = misalignment == 0 ? 0 : hugePage - misalignment
        let base = start + lead
        if lead > 0 { munmap(start, lead) }
        munmap(base + byteCount, hugePage - lead)
        // Advice only: a kernel without huge pages says no, and nothing depends on it.
        madvise(base, byteCount, MADV_HUGEPAGE)
        return MemoryRegion(base: base, byteCount: byteCount)
    }

    func release() { munmap(base, byteCount) }

    private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
        return address == MAP_FAILED ? nil : address
    }
}
