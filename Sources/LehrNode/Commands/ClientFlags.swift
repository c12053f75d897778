import ArgumentParser
import FoundationEssentials
import LehrCore

/// With which certificates a command talks to a cluster.
struct ClientTLSFlags: ParsableArguments {
    @Option(
        name: .customLong("tls-ca"),
        help: "PEM: the cluster's authority (or LEHR_TLS_CA); talk TLS, and to its members only.")
    var authority: String?

    @Option(
        name: .customLong("tls-cert"), help: "PEM: your certificate (or LEHR_TLS_CERT).")
    var certificate: String?

    @Option(name: .customLong("tls-key"), help: "PEM: its private key (or LEHR_TLS_KEY).")
    var key: String?

    /// Nil: cleartext.
    func security(coordinator: String) throws -> CoreSecurity? {
        let environment = ProcessInfo.processInfo.environment
        return try CoreSecurity.ofClient(
            certificate: certificate ?? environment["LEHR_TLS_CERT"] ?? "",
            key: key ?? environment["LEHR_TLS_KEY"] ?? "",
            authority: authority ?? environment["LEHR_TLS_CA"] ?? "", coordinator: coordinator)
    }
}

/// Flags of commands that talk to a cluster.
struct ClientFlags: ParsableArguments {
    @Option(help: "The coordinator's gRPC address (or LEHR_COORDINATOR; default 127.0.0.1:7100).")
    var coordinator: String?

    @Option(
        name: .customLong("token-file"),
        help: "A file with a token to show to the coordinator (or LEHR_TOKEN, the token itself).")
    var tokenFile: String?

    @OptionGroup var tls: ClientTLSFlags

    @Flag(help: "Print JSON for programs instead of text for people.")
    var json = false

    var settings: ClientSettings {
        get throws {
            let environment = ProcessInfo.processInfo.environment
            let address = coordinator ?? environment["LEHR_COORDINATOR"] ?? "127.0.0.1:7100"
            return ClientSettings(
                coordinator: address,
                token: try ClientToken.load(
                    file: tokenFile, environment: environment, files: LocalFileSystem()),
                security: try tls.security(coordinator: address))
        }
    }
}
