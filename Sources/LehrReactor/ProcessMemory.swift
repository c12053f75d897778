import CLinux
import Glibc

/// How this process gets memory from the system and gives it back.
package enum ProcessMemory {
    /// Keeps what large messages took for the next ones; to be called at the start, and
    /// once more does no harm.
    ///
    /// By default every block of some megabytes is mapped anew and given back at once, so that each of
    /// its pages costs a fault and is cleared: a third of the time of an echo of 1 MiB. With
    /// this, up to 256 MiB at the end of each thread's heap stay with the process. Blocks of more than
    /// 32 MiB, the most that glibc takes from a heap, are still mapped one by one.
    package static func keepLargeBlocks() {
        _ = mallopt(M_MMAP_THRESHOLD, 32 << 20)
        _ = mallopt(M_TRIM_THRESHOLD, 256 << 20)
    }
}
