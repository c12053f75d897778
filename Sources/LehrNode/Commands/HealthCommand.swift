import ArgumentParser
import LehrHTTP2
import LehrRPC

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a process whether it can do its work: for probes.",
        discussion: """
            HOST:PORT is asked by grpc.health.v1, http://HOST:PORT for /readyz (or for a path that \
            is given). Exits with 0 if it can, and with 1 if it cannot or does not answer.
            """)

    @Argument(help: "HOST:PORT or http://HOST:PORT.")
    var address: String
    @Option(help: "How long to wait for the answer, as 2s.")
    var timeout = "2s"
    @OptionGroup var tls: ClientTLSFlags

    func run() async throws {
        guard let timeout = ConfigReader.duration(timeout), timeout > .zero else {
            throw ValidationError("--timeout: expected a time, as 2s; found \"\(timeout)\"")
        }
        if let probe = ReadinessProbe(address, timeout: timeout) {
            let (status, body) = try probe.ask()
            guard status == 200 else {
                throw ClientError("\(probe.question) answers \(status): \(body)")
            }
            return print("\(address) is ready")
        }
        guard (try? HostPort(address)) != nil else {
            throw ValidationError(
                "expected HOST:PORT or http://HOST:PORT; found \"\(address)\"")
        }
        let status = try await grpcStatus(timeout)
        guard status == .serving else { throw ClientError("\(address) answers \(status)") }
        print("\(address) is serving")
    }

    private func grpcStatus(_ timeout: Duration) async throws -> HealthService.Status {
        var security = try tls.security(coordinator: "")
        security?.asksAnyMember = true
        let settings = ClientSettings(coordinator: address, security: security)
        return try await ControlClient.with(settings) { [address] client in
            try await client.start { transport, finish in
                transport.channel(to: address).health(CallOptions(timeout: timeout)) { result in
                    finish(
                        result.mapError { ClientError("\(address): \($0.message)") })
                }
            }
        }
    }
}
