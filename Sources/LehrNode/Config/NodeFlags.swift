import ArgumentParser
import FoundationEssentials
import LehrCore

/// Flags that every role understands.
struct NodeFlags: ParsableArguments {
    @Option(help: "Where to take gRPC calls. Port 0 lets the system choose.")
    var listen: String?

    @Option(
        name: .customLong("http-listen"), help: "Where to answer HTTP: health, metrics and more.")
    var httpListen: String?

    @Option(help: "The coordinator's gRPC address.")
    var coordinator: String?

    @Option(name: .customLong("state-dir"), help: "Where to keep what must outlive the process.")
    var stateDir: String?

    @Option(help: "The name in the cluster; unique among live members.")
    var name: String?

    @Option(
        name: .customLong("tls-cert"),
        help: "PEM: this member's certificate. Without TLS, gRPC is for loopback only.")
    var tlsCertificate: String?

    @Option(name: .customLong("tls-key"), help: "PEM: its private key; may be the same file.")
    var tlsKey: String?

    @Option(name: .customLong("tls-ca"), help: "PEM: the authority that peers must come from.")
    var tlsAuthority: String?

    @Option(
        name: .customLong("tls-clients"),
        help: "required: clients must have a certificate. optional: they may have a token instead.")
    var tlsClients: String?

    @Flag(help: "Take cleartext gRPC from other machines, if --listen says so.")
    var insecure = false

    @Option(name: .customLong("log-level"), help: "trace, debug, info, notice, warning or error.")
    var logLevel: String?

    @Option(
        name: .customLong("log-format"),
        help: "text for people, json for programs; auto: text on a terminal, json elsewhere.")
    var logFormat: String?

    @Option(help: "What calls in flight have left after SIGTERM, as 5s.")
    var drain: String?

    @Option(
        help: """
            busy, adaptive or block: how to wait for events. The first two spin, which needs \
            processors of the process's own and no quota.
            """)
    var poll: String?

    @Option(help: "A YAML file of settings, named as the flags.")
    var config: String?

    @Flag(
        name: .customLong("print-config"),
        help: "Print every setting with its value and where it came from, then exit.")
    var printConfig = false

    /// The reader of this role's settings; `own` are the flags that only the role has.
    func reader(_ own: [String: String?] = [:]) throws(ConfigError) -> ConfigReader {
        let environment = ProcessInfo.processInfo.environment
        let path = config ?? environment["LEHR_CONFIG"]
        let file = try path.map { path throws(ConfigError) in
            try ConfigFile(path: path, files: LocalFileSystem())
        }
        let common: [String: String?] = [
            "listen": listen, "http-listen": httpListen, "coordinator": coordinator,
            "state-dir": stateDir, "name": name, "log-level": logLevel, "log-format": logFormat,
            "drain": drain,
            "poll": poll,
            "tls-cert": tlsCertificate, "tls-key": tlsKey, "tls-ca": tlsAuthority,
            "tls-clients": tlsClients, "insecure": insecure ? "true" : nil,
        ]
        return ConfigReader(
            flags: common.merging(own) { $1 }, environment: environment, file: file ?? .none)
    }
}

/// Flags of the roles that are members of the cluster.
struct MemberFlags: ParsableArguments {
    @Option(
        help: "HOST or HOST:PORT by which others reach this process, if not where it listens.")
    var advertise: String?
}
