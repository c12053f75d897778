package import LehrCore
package import LehrRPC

/// A directory with a cluster's certificate authority and what it has issued.
///
/// | file | holds | mode |
/// |---|---|---|
/// | `ca.pem` | the authorities that members trust: `--tls-ca` | 0644 |
/// | `authority.pem` | the authority that signs: its certificate and key; stays here | 0600 |
/// | `ROLE-NAME.pem` | a member's certificate and key: `--tls-cert` and `--tls-key` | 0600 |
///
/// Every file is replaced by rename, so a reader finds the old or the new one, also after a crash;
/// and since a certificate and its key are in one file, it never finds halves of two. At every moment
/// `ca.pem` has the authority of each certificate that was issued here.
package struct CertificateDirectory {
    package let path: String
    let files: any PrivateFileSystem

    static let bundleName = "ca.pem"
    static let authorityName = "authority.pem"
    /// The next authority, from when it is made until `ca.pem` has it.
    static let nextAuthorityName = "authority-next.pem"
    static let fileBytesMax = 64 << 10
    /// A bundle has two authorities at most, the current one and its neighbour in time.
    private static let bundleCountMax = 2

    package static let authorityDaysStandard = 3650
    package static let memberDaysStandard = 90

    package init(_ path: String, files: any PrivateFileSystem) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        self.files = files
    }

    // MARK: - Making one

    /// Makes the authority of a new cluster; the directory appears all at once or not at all.
    package func create(cluster: String, now: UnixTime, days: Int) throws {
        guard PeerIdentity.isPart(cluster) else {
            throw IdentityError(
                """
                the cluster name '\(cluster)': expected 1 to 63 letters, digits, dashes, dots \
                and underscores
                """)
        }
        try requireRoom()
        let partial = path + ".partial"
        try removeUnfinished(partial)
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try files.createDirectory(String(path[..<slash]))
        }
        try files.createPrivateDirectory(partial)
        do {
            let authority = try CertificateAuthority.make(cluster: cluster, now: now, days: days)
            let unfinished = CertificateDirectory(partial, files: files)
            try unfinished.write(Self.authorityName, authority.credential)
            try unfinished.writeBundle([authority.certificate])
            try files.rename(partial, to: path)
        } catch {
            try? files.remove(partial)
            throw error
        }
    }

    /// Removes what one that was interrupted has left, and nothing else.
    private func removeUnfinished(_ partial: String) throws {
        guard files.size(partial) != nil else { return }
        let ours = [Self.authorityName, Self.bundleName].flatMap { [$0, $0 + ".partial"] }
        guard files.isDirectory(partial), try files.list(partial).allSatisfy(ours.contains) else {
            throw IdentityError(
                "\(partial) is in the way, and not from here; move it, or give another directory")
        }
        try files.remove(partial)
    }

    private func requireRoom() throws {
        if files.size(file(Self.authorityName)) != nil {
            throw IdentityError(
                """
                \(path) has a certificate authority already; issue from it with `lehr certs \
                issue`, or give another directory
                """)
        }
        guard files.size(path) != nil else { return }
        guard files.isDirectory(path), try files.list(path).isEmpty else {
            throw IdentityError(
                "\(path) is there already and not an empty directory; give another one")
        }
    }

    // MARK: - Issuing

    /// Issues a first certificate for a member or a person; returns the path of its file.
    package func issue(
        _ role: PeerRole, _ name: String, _ names: ServerNames, now: UnixTime, days: Int
    ) throws -> String {
        guard PeerIdentity.isPart(name) else {
            throw IdentityError(
                """
                the name '\(name)': expected 1 to 63 letters, digits, dashes, dots and \
                underscores, as the member's --name
                """)
        }
        let authority = try authority()
        let fileName = Self.fileName(role.rawValue, name)
        guard files.size(file(fileName)) == nil else {
            throw IdentityError(
                """
                \(file(fileName)) is there already; renew it with `lehr certs rotate \
                \(role.rawValue)-\(name)`, or remove the file to issue it with other names
                """)
        }
        let identity = PeerIdentity(cluster: authority.cluster, role: role, name: name)
        let credential = try authority.issue(
            identity, role, names, now: now, seconds: Int64(days) * UnixTime.secondsPerDay)
        try write(fileName, credential)
        return file(fileName)
    }

    /// Issues members' certificates anew, with new keys; all that are named, or every one. Names
    /// and, unless `days` is given, lifetime are those of the old ones, the standard for one that
    /// its authority's end had cut short. Returns the paths replaced.
    ///
    /// Every old file is read before the first is replaced, so one that is damaged stops it early.
    package func rotate(_ wanted: [String], now: UnixTime, days: Int?) throws -> [String] {
        let authority = try authority()
        let present = try memberFiles()
        let chosen = try wanted.isEmpty ? present : wanted.map { try self.find($0, in: present) }
        let old = try chosen.map { name in (name, try member(name)) }
        let ends = try bundle().map(\.notAfter)
        for (name, member) in old {
            // One that was cut short by its authority's end does not stay short under the next.
            let lifetime =
                ends.contains(member.certificate.notAfter)
                ? Int64(Self.memberDaysStandard) * UnixTime.secondsPerDay
                : member.certificate.notAfter - member.certificate.notBefore
                    - CertificateTemplate.clockSkewSeconds
            let renewed = try authority.issue(
                member.identity, member.role, member.certificate.serverNames, now: now,
                seconds: days.map { Int64($0) * UnixTime.secondsPerDay } ?? lifetime)
            try write(name, renewed)
        }
        return chosen.map { file($0) }
    }

    private func find(_ name: String, in present: [String]) throws -> String {
        let fileName = name.hasSuffix(".pem") ? name : name + ".pem"
        guard present.contains(fileName) else {
            let known = present.map { String($0.dropLast(4)) }.joined(separator: ", ")
            throw IdentityError(
                """
                \(path) has no '\(name)'; it has: \(known.isEmpty ? "none yet" : known). \
                `lehr certs issue ROLE NAME` issues a first one
                """)
        }
        return fileName
    }

    // MARK: - Replacing the authority

    /// Makes the next authority. `ca.pem` has both from then on; members' certificates stay as they
    /// are until `rotate`. Interrupted, it is finished by being run again.
    package func replaceAuthority(now: UnixTime, days: Int) throws {
        let current = try authority()
        var trusted = try bundle()
        let next = try pendingAuthority() ?? makeNext(current, trusted, now: now, days: days)
        if !trusted.contains(where: { $0.fingerprint == next.certificate.fingerprint }) {
            trusted.append(next.certificate)
            try writeBundle(trusted)
        }
        // Only now: nothing may be signed by an authority that `ca.pem` does not have.
        try files.rename(file(Self.nextAuthorityName), to: file(Self.authorityName))
    }

    private func makeNext(
        _ current: CertificateAuthority, _ trusted: [Certificate], now: UnixTime, days: Int
    ) throws -> CertificateAuthority {
        guard trusted.count < Self.bundleCountMax else {
            throw IdentityError(
                """
                \(file(Self.bundleName)) still has the authority before the present one; run \
                `lehr certs rotate` and then `lehr certs rotate --retire-old-ca` first
                """)
        }
        let next = try CertificateAuthority.make(cluster: current.cluster, now: now, days: days)
        try write(Self.nextAuthorityName, next.credential)
        return next
    }

    /// Takes the authorities before the present one out of `ca.pem`, when nothing here is theirs.
    package func retireOldAuthorities() throws {
        let current = try authority()
        guard files.size(file(Self.nextAuthorityName)) == nil else {
            throw IdentityError(
                "a change of the authority was interrupted; run `lehr certs rotate --new-ca` again")
        }
        let old = try memberFiles().filter {
            !(try member($0).certificate.isSigned(by: current.certificate))
        }
        guard old.isEmpty else {
            throw IdentityError(
                """
                still signed by the old authority: \(old.joined(separator: ", ")); run `lehr \
                certs rotate` first, and give every process time to take its new file
                """)
        }
        try writeBundle([current.certificate])
    }

    // MARK: - Files

    func file(_ name: String) -> String { path + "/" + name }

    static func fileName(_ role: String, _ name: String) -> String { "\(role)-\(name).pem" }

    /// The names of members' files, sorted.
    func memberFiles() throws -> [String] {
        try files.list(path).filter(Self.isMemberFile)
    }

    private static func isMemberFile(_ name: String) -> Bool {
        name.hasSuffix(".pem") && PeerRole.allCases.contains { name.hasPrefix($0.rawValue + "-") }
    }

    struct Member {
        let certificate: Certificate
        let identity: PeerIdentity
        let role: PeerRole
    }

    func member(_ name: String) throws -> Member {
        let certificate = try parsed(name) { try Credential(pem: $0).certificate }
        guard let identity = certificate.identity, let role = PeerRole(rawValue: identity.role),
            name == Self.fileName(identity.role, identity.name)
        else {
            throw IdentityError(
                "\(file(name)) is not the certificate that its name says; move it elsewhere")
        }
        return Member(certificate: certificate, identity: identity, role: role)
    }

    func authority() throws -> CertificateAuthority {
        guard files.size(file(Self.authorityName)) != nil else {
            throw IdentityError(
                """
                there is no certificate authority in \(path); make one with `lehr certs init \
                --cluster NAME \(path)`
                """)
        }
        return try parsed(Self.authorityName) {
            CertificateAuthority(credential: try Credential(pem: $0))
        }
    }

    private func pendingAuthority() throws -> CertificateAuthority? {
        guard files.size(file(Self.nextAuthorityName)) != nil else { return nil }
        return try parsed(Self.nextAuthorityName) {
            CertificateAuthority(credential: try Credential(pem: $0))
        }
    }

    /// What members trust.
    func bundle() throws -> [Certificate] {
        try parsed(Self.bundleName) { try Certificate.all(in: $0) }
    }

    private func parsed<Value>(_ name: String, _ parse: ([UInt8]) throws -> Value) throws -> Value {
        let bytes = try files.read(file(name), limit: Self.fileBytesMax)
        do { return try parse(bytes) } catch {
            // Without its key an authority cannot be made again.
            let remedy =
                Self.isMemberFile(name)
                ? "restore it, or remove it to issue it anew"
                : "restore it from a copy"
            throw IdentityError("\(file(name)): \(error); \(remedy)")
        }
    }

    private func write(_ name: String, _ credential: Credential) throws {
        try files.replacePrivate(file(name), with: try credential.pem())
    }

    private func writeBundle(_ certificates: [Certificate]) throws {
        try files.replace(
            file(Self.bundleName), with: try certificates.flatMap { try $0.pem() })
    }
}
