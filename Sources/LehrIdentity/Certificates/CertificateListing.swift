import LehrRPC

/// What `lehr certs show` tells of one certificate.
package struct CertificateListing: Equatable, Sendable {
    package enum State: String, Sendable {
        /// Of an authority: it issues, or it is trusted only.
        case signs, trusted
        case valid
        /// Less than a third of its life is left: time to rotate.
        case expiring
        case expired
        /// No authority in `ca.pem` has signed it.
        case untrusted
    }

    package let file: String
    /// The identity, or for an authority its cluster.
    package let identity: String
    package let dns: [String]
    package let ips: [String]
    package let notAfter: UnixTime
    /// Whole days; negative once it has expired.
    package let daysLeft: Int64
    package let fingerprint: String
    package let state: State

    init(
        _ file: String, _ certificate: Certificate, identity: String, state: State, now: UnixTime
    ) {
        self.file = file
        self.identity = identity
        dns = certificate.serverNames.dns
        ips = certificate.serverNames.ips
        notAfter = certificate.notAfter
        let left = certificate.notAfter - now
        daysLeft = left >= 0 ? left / UnixTime.secondsPerDay : -(-left / UnixTime.secondsPerDay) - 1
        fingerprint = certificate.fingerprint
        self.state = state
    }
}

extension CertificateDirectory {
    /// Every certificate here, the authorities first.
    package func listing(now: UnixTime) throws -> [CertificateListing] {
        let signing = try authority().certificate.fingerprint
        let trusted = try bundle()
        let authorities = trusted.map { authority in
            CertificateListing(
                Self.bundleName, authority, identity: "lehr://\(authority.organisation)",
                state: now >= authority.notAfter
                    ? .expired : authority.fingerprint == signing ? .signs : .trusted,
                now: now)
        }
        let members = try memberFiles().map { name in
            let certificate = try member(name).certificate
            return CertificateListing(
                name, certificate, identity: certificate.identity?.uri ?? "",
                state: Self.state(certificate, trusted, now), now: now)
        }
        return authorities + members
    }

    private static func state(
        _ certificate: Certificate, _ trusted: [Certificate], _ now: UnixTime
    ) -> CertificateListing.State {
        guard trusted.contains(where: { certificate.isSigned(by: $0) }) else { return .untrusted }
        let left = certificate.notAfter - now
        if left <= 0 { return .expired }
        return left * 3 < certificate.notAfter - certificate.notBefore ? .expiring : .valid
    }
}
