import LehrCore
import LehrRPC
import Testing

@testable import LehrIdentity

/// A directory of certificates in memory, with an authority and a member of each role.
struct CertificateScene {
    static let now = UnixTime(1_800_000_000)
    static let day = UnixTime.secondsPerDay

    let files: MemoryFiles
    let directory: CertificateDirectory

    init(_ files: MemoryFiles) {
        self.files = files
        directory = CertificateDirectory("certs", files: files)
    }

    static func make() throws -> CertificateScene {
        let scene = CertificateScene(MemoryFiles())
        try scene.directory.create(cluster: "prod", now: now, days: 3650)
        for role in PeerRole.allCases {
            _ = try scene.directory.issue(
                role, "\(role.rawValue)-0", role.isServer ? .loopback : .none, now: now, days: 90)
        }
        return scene
    }

    func text(_ name: String) throws -> [UInt8] { try files.read("certs/\(name)", limit: 1 << 20) }

    /// What must hold at every moment, whoever was killed where: each member has a certificate and
    /// its key, and what members trust has signed it.
    func checkUsable(_ comment: Comment) throws {
        let trusted = try directory.bundle()
        let signing = try directory.authority().certificate
        #expect(trusted.contains { $0.fingerprint == signing.fingerprint }, comment)
        let names = try directory.memberFiles()
        #expect(names.count == PeerRole.allCases.count, comment)
        for name in names {
            let certificate = try Credential(pem: try text(name)).certificate
            #expect(trusted.contains { certificate.isSigned(by: $0) }, comment)
        }
        let secrets = files.contents.keys.filter { $0 != "certs/ca.pem" && !$0.contains("ca.pem.") }
        #expect(secrets.allSatisfy { files.isPrivate.contains($0) }, comment)
    }
}
