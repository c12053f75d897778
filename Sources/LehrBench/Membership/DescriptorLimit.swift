import Glibc

/// Whether a process may have as many sockets as a benchmark asks for.
enum DescriptorLimit {
    /// Descriptors besides those of connections: files, pipes, listeners.
    static let others = 64

    /// What this process may open at once.
    static var current: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }

    /// Throws what to do about it when `connections` are more than `limit` descriptors allow.
    static func check(connections: Int, limit: Int = current) throws(BenchError) {
        guard connections + others > limit else { return }
        throw BenchError(
            """
            \(connections) members take \(connections + others) file descriptors, and a process \
            has \(limit) at most; raise the hard limit (`ulimit -Hn`), or ask for \
            --members \(max(limit - others, 0))
            """)
    }
}
