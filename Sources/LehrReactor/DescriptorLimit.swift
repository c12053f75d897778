import Glibc

/// How many files and sockets this process may have open at once.
package enum DescriptorLimit {
    package static var current: Int { Int(clamping: limit?.rlim_cur ?? 0) }

    /// Raises it as far as the system lets this process; returns what it is then.
    @discardableResult
    package static func raise() -> Int {
        if var limit {
            limit.rlim_cur = limit.rlim_max
            _ = setrlimit(resource, &limit)
        }
        return current
    }

    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)

    private static var limit: rlimit? {
        var limit = rlimit()
        return getrlimit(resource, &limit) == 0 ? limit : nil
    }
}
