import LehrCore
import LehrIdentity
import LehrRPC
import LehrTLS
import LehrWeb
import Logging
import Metrics
import ServiceLifecycle

/// The TLS files of a role: loaded when it starts, and looked at from time to time.
final class NodeTLS: Service {
    let store: TLSStore
    /// Who this process is.
    let identity: PeerIdentity
    private let logger: Logger
    private let registry: PrometheusRegistry

    private static let interval = Duration.seconds(2)

    /// nil: the role was not given any. `name` is the role's --name, which its certificate must bear;
    /// empty: any.
    static func load(
        _ config: TLSConfig, role: String, name: String = "", _ runner: NodeRunner
    ) throws(ConfigError) -> NodeTLS? {
        guard let files = config.files else { return nil }
        do throws(TLSError) {
            let store = try TLSStore(
                files, in: LocalFileSystem(), clients: config.clients,
                atSeconds: UnixTime.current.seconds)
            let identity = try check(store, files, role: role, name: name)
            return NodeTLS(store, identity, runner)
        } catch {
            throw ConfigError(problems: [error.description])
        }
    }

    private static func check(
        _ store: TLSStore, _ files: TLSFiles, role: String, name: String
    ) throws(TLSError) -> PeerIdentity {
        let remedy = "`lehr certs issue \(role) NAME` makes one"
        guard let identity = store.current.identity else {
            throw TLSError(
                "\(files.certificate): the certificate names no member of a cluster "
                    + "(lehr://CLUSTER/ROLE/NAME); \(remedy)")
        }
        guard identity.role == role else {
            throw TLSError(
                "\(files.certificate): the certificate is for a \(identity.role), "
                    + "and this is a \(role); \(remedy)")
        }
        guard name.isEmpty || identity.name == name else {
            throw TLSError(
                "\(files.certificate): the certificate is for '\(identity.name)', "
                    + "and --name says '\(name)'")
        }
        return identity
    }

    private init(_ store: TLSStore, _ identity: PeerIdentity, _ runner: NodeRunner) {
        self.store = store
        self.identity = identity
        logger = runner.logger
        registry = runner.registry
        registry.describe(
            "lehr_tls_certificate_expiry_timestamp_seconds",
            "When the certificate in use ends to be valid, in seconds since 1970.")
        registry.describe(
            "lehr_tls_reloads_total", "Changes of the TLS files, by whether they could be used.")
        showExpiry()
    }

    func security(coordinator: String) -> CoreSecurity {
        CoreSecurity(store: store, coordinator: coordinator, acceptsHost: false)
    }

    /// Looks at the files until the role ends.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while (try? await Task.sleep(for: Self.interval)) != nil { look() }
        }
    }

    private func look() {
        switch store.look(atSeconds: UnixTime.current.seconds) {
        case .unchanged: return
        case .loaded:
            logger.notice("new tls files are in use")
            count("loaded")
            showExpiry()
        case .failed(let error):
            logger.error(
                "new tls files cannot be used; the old ones stay", metadata: ["reason": "\(error)"])
            count("failed")
        }
    }

    private func count(_ result: String) {
        Counter(
            label: "lehr_tls_reloads_total", dimensions: [("result", result)], factory: registry
        ).increment()
    }

    private func showExpiry() {
        guard let expiry = store.current.expirySeconds else { return }
        Meter(
            label: "lehr_tls_certificate_expiry_timestamp_seconds", dimensions: [],
            factory: registry
        ).set(expiry)
    }
}
