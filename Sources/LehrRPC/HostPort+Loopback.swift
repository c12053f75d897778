extension HostPort {
    /// Whether nothing that is sent there leaves this machine. A name other than `localhost` may mean
    /// anything, and so counts as elsewhere.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
