import LehrRPC

extension String {
    /// Host and port of an address that was checked when it was configured.
    var hostAndPort: (host: String, port: Int) {
        guard let address = try? HostPort(self) else { return (self, 0) }
        return (address.host, Int(address.port))
    }

    /// The address `offset` ports further; port 0 stays 0.
    func port(plus offset: Int) -> String {
        let (host, port) = hostAndPort
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(name):\(port == 0 ? 0 : port + offset)"
    }
}
