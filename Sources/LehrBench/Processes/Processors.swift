import CLinux
import Glibc

/// The processors that this process may run on, and which of them do what.
///
/// With two or more, a server has the first to itself and the load that it is put under comes from
/// the second.
package struct Processors: Sendable {
    /// Numbers as the kernel counts them.
    package let available: [Int]

    private static let words = 16

    package init() {
        var mask = [UInt](repeating: 0, count: Self.words)
        let size = UInt(Self.words * MemoryLayout<UInt>.size)
        let status = lehr_get_affinity(0, size, &mask)
        available =
            status < 0
            ? [] : (0..<Self.words * 64).filter { mask[$0 / 64] >> UInt($0 % 64) & 1 == 1 }
    }

    package var isPinned: Bool { available.count >= 2 }
    /// nil: not pinned.
    package var server: Int? { isPinned ? available[0] : nil }
    package var load: Int? { isPinned ? available[1] : nil }

    /// Confines the calling thread and what it starts to one processor; nil: as it is.
    package static func pin(to processor: Int?) throws(BenchError) {
        guard let processor else { return }
        guard (0..<words * 64).contains(processor) else {
            throw BenchError("there is no processor \(processor)")
        }
        var mask = [UInt](repeating: 0, count: words)
        mask[processor / 64] = 1 << UInt(processor % 64)
        let size = UInt(words * MemoryLayout<UInt>.size)
        guard lehr_set_affinity(0, size, mask) == 0 else {
            throw BenchError(
                "cannot use processor \(processor): \(String(cString: strerror(errno)))")
        }
    }
}
