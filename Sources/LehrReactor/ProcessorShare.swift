import CLinux
import Glibc

/// The processors that this process may use, and whether they are its own.
package struct ProcessorShare: Equatable, Sendable {
    /// Allowed by the affinity of the process, in order.
    package let processors: [Int]
    package let onlineCount: Int
    /// How many processors' time its control groups let it have, in all; nil: they do not say.
    package let quota: Double?

    package init(processors: [Int], onlineCount: Int, quota: Double?) {
        self.processors = processors
        self.onlineCount = onlineCount
        self.quota = quota
    }

    /// Whether somebody has set processors aside for the process: an affinity of fewer than all, as
    /// `taskset`, `systemd`'s CPUAffinity and Kubernetes' static CPU manager give.
    package var isExclusive: Bool { !processors.isEmpty && processors.count < onlineCount }

    /// How many threads may compute all the time: the whole processors of the quota, at least 1, and no
    /// more than were set aside; nil: it has a share of the machine that nobody has fixed.
    package var wholeProcessors: Int? {
        let limits = [
            quota.map { max(1, Int($0.rounded(.down))) }, isExclusive ? processors.count : nil,
        ]
        return limits.compactMap { $0 }.min()
    }

    /// As the kernel says now.
    package static func current() -> ProcessorShare {
        var mask = [UInt](repeating: 0, count: maskWords)
        var processors: [Int] = []
        if lehr_get_affinity(0, maskBytes, &mask) >= 0 {
            processors = (0..<64 * maskWords).filter { mask[$0 / 64] >> UInt($0 % 64) & 1 == 1 }
        }
        return ProcessorShare(
            processors: processors, onlineCount: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            quota: currentQuota)
    }

    /// The smallest of the process's control groups, of version 2 and 1.
    private static var currentQuota: Double? {
        let files = ControlGroups.read(
            controller: "cpu", v2: "cpu.max", v1: "cpu.cfs_quota_us")
        return files.compactMap { file, text in
            let periodFile = file.replacing("quota_us", with: "period_us")
            let period = periodFile == file ? nil : ControlGroups.text(of: periodFile)
            return quota(text, period: period ?? "")
        }.min()
    }

    /// Processors by the text of such a file: `QUOTA PERIOD` in version 2; in version 1 `QUOTA`, and
    /// the period in a file of its own. nil: no limit, which is `max` or negative, or no sense.
    package static func quota(_ text: String, period: String) -> Double? {
        let words = (text + " " + period).split(whereSeparator: \.isWhitespace)
        guard words.count >= 2, let quota = Int(words[0]), let period = Int(words[1]), quota > 0,
            period > 0
        else { return nil }
        // As the kernel's own bound; more is no limit on any machine.
        let processors = Double(quota) / Double(period)
        return processors <= Double(64 * maskWords) ? processors : nil
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
