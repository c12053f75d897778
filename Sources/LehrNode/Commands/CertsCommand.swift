import ArgumentParser
import LehrCore
import LehrIdentity
import LehrRPC

struct CertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certs",
        abstract: "A certificate authority in a directory, for the members of a cluster.",
        discussion: """
            DIR/ca.pem is what every process trusts (--tls-ca). DIR/ROLE-NAME.pem has a member's \
            certificate and its private key in one file; give it as --tls-cert and as --tls-key. \
            DIR/authority.pem signs: keep it where certificates are issued, and nowhere else.
            """,
        subcommands: [Init.self, Issue.self, Rotate.self, Show.self])

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the certificate authority of a new cluster.")

        @Option(help: "The cluster's name; members with certificates of another one are refused.")
        var cluster: String
        @Option(help: "Days that the authority is valid.")
        var days = CertificateDirectory.authorityDaysStandard
        @Argument(help: "A directory that does not exist yet, or is empty.")
        var directory = CertsDirectory.standard

        func validate() throws { try CertsDirectory.check(days: days) }

        func run() throws {
            let files = LocalFileSystem()
            let parent = directory.lastIndex(of: "/").map { String(directory[..<$0]) } ?? "."
            let folder = parent.isEmpty ? "/" : parent
            try files.createDirectory(folder)
            let lock = try DirectoryLock(folder)
            defer { withExtendedLifetime(lock) {} }
            try CertificateDirectory(directory, files: files)
                .create(cluster: cluster, now: .current, days: days)
            print(
                """
                made the certificate authority of cluster '\(cluster)' in \(directory)
                issue certificates with: lehr certs issue ROLE NAME --dir \(directory)
                """)
        }
    }

    struct Issue: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issue a certificate for a member of the cluster or a person.",
            discussion: """
                A member's NAME is its --name. Coordinators and shards are reached by their server \
                names: localhost, 127.0.0.1 and ::1 unless --dns or --ip say otherwise. Certificates \
                of the other roles cannot be used by a server.
                """)

        @Argument(help: "coordinator, shard, worker, serving, or client for people.")
        var role: PeerRole
        @Argument(help: "The member's name, or the person's.")
        var name: String
        @Option(help: "A host name of the server; may be repeated.")
        var dns: [String] = []
        @Option(help: "An IP address of the server; may be repeated.")
        var ip: [String] = []
        @Option(help: "Days that the certificate is valid.")
        var days = CertificateDirectory.memberDaysStandard
        @Option(name: .customLong("dir"), help: "The directory of `lehr certs init`.")
        var directory = CertsDirectory.standard

        func validate() throws { try CertsDirectory.check(days: days) }

        func run() throws {
            let names =
                dns.isEmpty && ip.isEmpty
                ? (role.isServer ? ServerNames.loopback : .none)
                : try ServerNames(checking: dns, ips: ip)
            let path = try CertsDirectory.change(directory) {
                try $0.issue(role, name, names, now: .current, days: days)
            }
            print(path)
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issue certificates anew, with new keys, or replace the authority.",
            discussion: """
                Files are replaced one by one and at once each; interrupted, run it again. To \
                replace the authority without a pause: `rotate --new-ca`; bring the new ca.pem to \
                all processes; `rotate`; bring the new certificates to them; `rotate \
                --retire-old-ca`; bring the last ca.pem to them.
                """)

        @Argument(help: "Which, as ROLE-NAME; all of them if none is named.")
        var names: [String] = []
        @Flag(name: .customLong("new-ca"), help: "Make the next authority and trust both.")
        var newAuthority = false
        @Flag(name: .customLong("retire-old-ca"), help: "Trust the present authority only.")
        var retiresOld = false
        @Option(help: "Days of validity; members keep theirs otherwise.")
        var days: Int?
        @Option(name: .customLong("dir"), help: "The directory of `lehr certs init`.")
        var directory = CertsDirectory.standard

        func validate() throws {
            if let days { try CertsDirectory.check(days: days) }
            guard !(newAuthority && retiresOld) else {
                throw ValidationError("--new-ca and --retire-old-ca are two steps; give one")
            }
            guard names.isEmpty || !newAuthority && !retiresOld else {
                throw ValidationError("--new-ca and --retire-old-ca take no names")
            }
        }

        func run() throws {
            try CertsDirectory.change(directory) { certificates in
                if newAuthority {
                    try certificates.replaceAuthority(
                        now: .current, days: days ?? CertificateDirectory.authorityDaysStandard)
                    print(
                        """
                        \(directory)/ca.pem has the old and the new authority
                        when all processes have it: lehr certs rotate --dir \(directory)
                        """)
                } else if retiresOld {
                    try certificates.retireOldAuthorities()
                    print("\(directory)/ca.pem has the present authority only")
                } else {
                    let paths = try certificates.rotate(names, now: .current, days: days)
                    print(paths.joined(separator: "\n"))
                }
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the certificates in the directory, and how long they are valid.")

        @Option(name: .customLong("dir"), help: "The directory of `lehr certs init`.")
        var directory = CertsDirectory.standard
        @Flag(help: "Print JSON for programs instead of text for people.")
        var json = false

        private struct Row: Encodable {
            let file: String
            let identity: String
            let dns: [String]
            let ips: [String]
            let notAfter: String
            let daysLeft: Int64
            let fingerprint: String
            let state: String
        }

        func run() throws {
            let listing = try CertificateDirectory(directory, files: LocalFileSystem())
                .listing(now: .current)
            let rows = listing.map {
                Row(
                    file: $0.file, identity: $0.identity, dns: $0.dns, ips: $0.ips,
                    notAfter: "\($0.notAfter)", daysLeft: $0.daysLeft,
                    fingerprint: $0.fingerprint, state: $0.state.rawValue)
            }
            if json { return print(try Formatting.json(rows)) }
            var table = TextTable([
                ("file", .left), ("identity", .left), ("server names", .left),
                ("not after", .left), ("days", .right), ("state", .left), ("sha-256", .left),
            ])
            for row in rows {
                let names = row.dns + row.ips
                table.add([
                    row.file, row.identity, names.isEmpty ? "-" : names.joined(separator: " "),
                    row.notAfter, "\(row.daysLeft)", row.state, String(row.fingerprint.prefix(16)),
                ])
            }
            print(table.text)
        }
    }
}

/// What the subcommands have in common.
private enum CertsDirectory {
    static let standard = "lehr-certs"

    static func check(days: Int) throws {
        guard (1...36_500).contains(days) else {
            throw ValidationError("--days \(days): expected a number from 1 to 36500")
        }
    }

    /// Runs `body` with no other command changing the directory.
    static func change<Value>(
        _ directory: String, _ body: (CertificateDirectory) throws -> Value
    ) throws -> Value {
        let lock = try DirectoryLock(directory)
        defer { withExtendedLifetime(lock) {} }
        return try body(CertificateDirectory(directory, files: LocalFileSystem()))
    }
}

extension PeerRole: ExpressibleByArgument {}
