import LehrReactor

/// Whether a process may have as many sockets as a benchmark asks for.
extension DescriptorLimit {
    /// Descriptors besides those of connections: files, pipes, listeners.
    static var others: Int { 64 }

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
