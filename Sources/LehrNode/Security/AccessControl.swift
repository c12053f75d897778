import LehrCore
import LehrIdentity
import LehrRPC
import LehrWire
import Logging

/// What decides who may call a core: made from a role's settings, followed by its log and metrics.
struct AccessControl {
    /// The cluster of this process's certificate; nil: it speaks in cleartext.
    let cluster: String?
    /// The file of people's tokens; empty: none are taken.
    let tokens: String
    let logger: Logger

    /// How soon a changed file of tokens is in force.
    private static let reloadInterval = Duration.seconds(2)

    /// Has every call of `services` judged, unless there is nothing to ask for: in cleartext and
    /// without tokens.
    @discardableResult
    func guardCalls(of services: ServiceTable, on core: any Core) throws(FatalError) -> Authorizer?
    {
        let evidence: Authorizer.Evidence
        if let cluster {
            evidence = .certificates(cluster: cluster)
        } else if !tokens.isEmpty {
            evidence = .tokensOnly
        } else {
            return nil
        }
        let authorizer = Authorizer(evidence, tokens: try watchedTokens(on: core))
        var log = DenialLog(logger: logger)
        authorizer.onDenial = { [unowned core] in log.add($0, at: core.now) }
        services.authorizer = authorizer
        return authorizer
    }

    /// Refuses to listen where people's tokens would pass in the clear.
    func check(listen address: String) throws(FatalError) {
        let isLocal = (try? HostPort(address).isLoopback) ?? false
        guard !tokens.isEmpty, cluster == nil, !isLocal else { return }
        throw FatalError(
            description: """
                --tokens: tokens sent to \(address) could be read on the way; use TLS (--tls-cert, \
                --tls-key, --tls-ca), or listen on 127.0.0.1
                """, status: .configuration)
    }

    private func watchedTokens(on core: any Core) throws(FatalError) -> WatchedTokens? {
        guard !tokens.isEmpty else { return nil }
        let watched: WatchedTokens
        do throws(IdentityError) {
            watched = try WatchedTokens(tokens, files: LocalFileSystem(), now: { .current })
        } catch {
            throw FatalError(description: error.description, status: .configuration)
        }
        watched.onProblem = { [logger] in
            logger.error("the file of tokens cannot be used", metadata: ["reason": "\($0)"])
        }
        Self.reload(watched, on: core)
        return watched
    }

    /// Looks at the file for as long as there is someone who asks for tokens.
    private static func reload(_ tokens: WatchedTokens, on core: any Core) {
        _ = core.schedule(after: reloadInterval) { [weak tokens, unowned core] in
            guard let tokens else { return }
            tokens.reload()
            reload(tokens, on: core)
        }
    }
}

/// Writes denials to the log, one in a while: whoever is refused may try very often.
private struct DenialLog {
    let logger: Logger
    private var next = Instant(nanoseconds: 0)
    private var suppressed = 0

    private static let interval = Duration.seconds(10)

    init(logger: Logger) { self.logger = logger }

    mutating func add(_ denial: Authorizer.Denial, at now: Instant) {
        guard now >= next else {
            suppressed += 1
            return
        }
        next = now + Self.interval
        logger.warning(
            "a call was refused",
            metadata: [
                "method": "\(denial.path)", "peer": "\(denial.peer)",
                "caller": "\(denial.caller?.uri ?? "unknown")", "code": "\(denial.error.code.name)",
                "suppressed": "\(suppressed)",
            ])
        suppressed = 0
    }
}
