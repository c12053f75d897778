import CLinux
import Glibc

/// The processors that this process may use, and whether they are its own.
package struct ProcessorShare: Equatable, Sendable {
    /// Allowed by the affinity of the process, in order.
    package let processors: [Int]
    package let onlineCount: Int
    /// A control group limits the processor time.
    package let hasQuota: Bool

    package init(processors: [Int], onlineCount: Int, hasQuota: Bool) {
        self.processors = processors
        self.onlineCount = onlineCount
        self.hasQuota = hasQuota
    }

    /// Whether somebody has set processors aside for the process: an affinity of fewer than all, as
    /// `taskset`, `systemd`'s CPUAffinity and Kubernetes' static CPU manager give.
    package var isExclusive: Bool { !processors.isEmpty && processors.count < onlineCount }

    /// As the kernel says now.
    package static func current() -> ProcessorShare {
        var mask = [UInt](repeating: 0, count: maskWords)
        var processors: [Int] = []
        if lehr_get_affinity(0, maskBytes, &mask) >= 0 {
            processors = (0..<64 * maskWords).filter { mask[$0 / 64] >> UInt($0 % 64) & 1 == 1 }
        }
        return ProcessorShare(
            processors: processors, onlineCount: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            hasQuota: quotaFiles.contains { limits(text(of: $0)) })
    }

    /// Version 2 of control groups, and version 1.
    private static let quotaFiles = [
        "/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    ]

    /// Whether the text of such a file sets a limit: not `max PERIOD`, not `-1`, not empty.
    package static func limits(_ text: String) -> Bool {
        guard let first = text.split(whereSeparator: \.isWhitespace).first else { return false }
        return first != "max" && !first.hasPrefix("-")
    }

    private static func text(of path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// Binds the calling thread to one processor; false: it cannot be.
    package static func pin(to processor: Int) -> Bool {
        guard processor < 64 * maskWords else { return false }
        var mask = [UInt](repeating: 0, count: maskWords)
        mask[processor / 64] = 1 << UInt(processor % 64)
        return lehr_set_affinity(0, maskBytes, mask) == 0
    }

    /// Room for 1,024 processors.
    private static let maskWords = 16
    private static let maskBytes = UInt(maskWords * MemoryLayout<UInt>.size)
}
