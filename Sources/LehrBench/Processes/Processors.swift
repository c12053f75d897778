import Glibc
import LehrReactor

/// The processors that this process may run on, and which of them do what.
///
/// With two or more, a server has the first to itself and the load that it is put under comes from
/// the second.
struct Processors {
    /// Numbers as the kernel counts them.
    let available = ProcessorShare.current().processors

    var isPinned: Bool { available.count >= 2 }
    /// nil: not pinned.
    var server: Int? { isPinned ? available[0] : nil }
    var load: Int? { isPinned ? available[1] : nil }

    /// Confines the calling thread and what it starts to one processor; nil: as it is.
    static func pin(to processor: Int?) throws(BenchError) {
        guard let processor else { return }
        guard ProcessorShare.pin(to: processor) else {
            throw BenchError(
                "cannot use processor \(processor): \(String(cString: strerror(errno)))")
        }
    }
}
