import Glibc
import LehrCore

/// What Prometheus users expect to know of any process, read from the kernel at each scrape.
struct ProcessMetrics: Sendable {
    /// Seconds since 1970; nil when `/proc` does not tell.
    private let startTime: Double?

    init() { startTime = Self.readStartTime() }

    /// What the kernel does not tell is left out.
    func samples() -> [MetricSample] {
        var samples = [
            MetricSample(
                name: "process_cpu_seconds_total", kind: .counter,
                help: "User and system CPU time spent, in seconds.",
                value: Self.seconds(CLOCK_PROCESS_CPUTIME_ID))
        ]
        // The listing itself holds one descriptor open.
        if let count = try? LocalFileSystem().list("/proc/self/fd").count - 1 {
            samples.append(
                MetricSample(
                    name: "process_open_fds", kind: .gauge, help: "Open file descriptors.",
                    value: Double(count)))
        }
        let pages = Self.readSmall("/proc/self/statm").split(separator: " ")
        if pages.count > 1, let resident = Double(pages[1]) {
            samples.append(
                MetricSample(
                    name: "process_resident_memory_bytes", kind: .gauge,
                    help: "Resident memory size in bytes.",
                    value: resident * Double(sysconf(Int32(_SC_PAGESIZE)))))
        }
        if let startTime {
            samples.append(
                MetricSample(
                    name: "process_start_time_seconds", kind: .gauge,
                    help: "Start time of the process, in seconds since 1970.", value: startTime))
        }
        return samples
    }

    /// proc(5): field 22 of `/proc/self/stat` is the start in clock ticks after boot. Fields are
    /// counted from the `)` that ends field 2, since a program's name may hold anything.
    private static func readStartTime() -> Double? {
        let stat = readSmall("/proc/self/stat")
        guard let name = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[name...].split(separator: " ")
        guard fields.count > 20, let ticks = Double(fields[20]) else { return nil }
        let boot = seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME)
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The first 4 KiB of a file whose size the kernel does not tell; empty when unreadable.
    private static func readSmall(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        return String(unsafeUninitializedCapacity: 4096) {
            max(0, read(file, $0.baseAddress, 4096))
        }
    }
}
