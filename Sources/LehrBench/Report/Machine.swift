import Glibc

/// Where figures were measured: without it they mean little.
package struct Machine: Encodable, Sendable {
    package let processor: String
    package let kernel: String
    package let cores: Int
    /// Whether server and load have a core each.
    package let pinned: Bool
    /// Runnable processes over the last minute, before the benchmark began.
    package let loadAverage: Double

    init(_ processors: Processors) {
        let info = (try? SmallFile.text("/proc/cpuinfo")) ?? ""
        let model = info.split(separator: "\n").first { $0.hasPrefix("model name") }
        processor =
            model?.split(separator: ":").last.map { String($0.drop { $0 == " " }) } ?? "unknown"
        let version = (try? SmallFile.text("/proc/sys/kernel/osrelease")) ?? "unknown"
        kernel = String(version.prefix { $0 != "\n" })
        cores = processors.available.count
        pinned = processors.isPinned
        let loads = (try? SmallFile.text("/proc/loadavg")) ?? ""
        loadAverage = loads.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }
}
