import LehrCore
import LehrRPC
import Testing

@testable import LehrIdentity

@Suite struct CertificateDirectoryTests {
    private typealias Scene = CertificateScene
    private static let now = CertificateScene.now

    @Test func whatIsIssuedSaysWhoItIs() throws {
        let scene = try Scene.make()
        try scene.checkUsable("as issued")
        for role in PeerRole.allCases {
            let name = "\(role.rawValue)-0"
            let certificate = try scene.directory.member("\(role.rawValue)-\(name).pem").certificate
            #expect(
                certificate.identity == PeerIdentity(cluster: "prod", role: role, name: name))
            #expect(certificate.serverNames == (role.isServer ? .loopback : .none))
            #expect(certificate.notAfter == Self.now + 90 * Scene.day)
            #expect(certificate.notBefore == Self.now + -300)
            #expect(!certificate.isAuthority)
        }
        let authority = try scene.directory.authority()
        #expect(authority.cluster == "prod")
        #expect(authority.certificate.isAuthority)
        #expect(authority.certificate.identity == nil)
        #expect(scene.files.isPrivate.contains("certs"))
    }

    @Test func noTwoCertificatesAreAlike() throws {
        let listing = try Scene.make().directory.listing(now: Self.now)
        #expect(Set(listing.map(\.fingerprint)).count == listing.count)
        #expect(listing.map(\.state) == [.signs] + listing.dropFirst().map { _ in .valid })
        #expect(listing.map(\.daysLeft) == [3650] + listing.dropFirst().map { _ in 90 })
    }

    @Test func statesFollowTheTime() throws {
        let scene = try Scene.make()
        func state(_ days: Int64) throws -> CertificateListing.State? {
            try scene.directory.listing(now: Self.now + days * Scene.day).last?.state
        }
        #expect(try state(59) == .valid)
        #expect(try state(61) == .expiring)
        #expect(try state(90) == .expired)
        let late = try scene.directory.listing(now: Self.now + (90 * Scene.day + 1))
        #expect(late.last?.daysLeft == -1)
    }

    @Test func nothingIsOverwritten() throws {
        let scene = try Scene.make()
        let before = scene.files.contents
        for cluster in ["prod", "other"] {
            #expect(throws: IdentityError.self) {
                try scene.directory.create(cluster: cluster, now: Self.now, days: 1)
            }
        }
        #expect(throws: IdentityError.self) {
            try scene.directory.issue(.shard, "shard-0", .loopback, now: Self.now, days: 1)
        }
        let other = CertificateDirectory("other", files: scene.files)
        try scene.files.createDirectory("other")
        scene.files.put("other/notes.txt", [1])
        #expect(throws: IdentityError.self) {
            try other.create(cluster: "prod", now: Self.now, days: 1)
        }
        scene.files.put("other/notes.txt", nil)
        #expect(scene.files.contents == before)
        // An empty directory is welcome.
        try other.create(cluster: "prod", now: Self.now, days: 1)
        #expect(try other.authority().cluster == "prod")
    }

    @Test(arguments: ["", "a b", "a/b", "..%", "é", String(repeating: "x", count: 64)])
    func namesAreChecked(name: String) throws {
        let scene = try Scene.make()
        #expect(throws: IdentityError.self) {
            try scene.directory.issue(.worker, name, .none, now: Self.now, days: 1)
        }
        #expect(throws: IdentityError.self) {
            try CertificateDirectory("new", files: scene.files)
                .create(cluster: name, now: Self.now, days: 1)
        }
    }

    @Test func serverNamesAreChecked() throws {
        let names = try ServerNames(
            checking: ["a.b-c.example", "*.lehr.svc"], ips: ["10.0.0.7", "FD00::07"])
        #expect(names.ips == ["10.0.0.7", "fd00::7"])
        for wrong in ["", "a,DNS:b", "a..b", "-a", "*", "*.com", "a b", "URI:x"] {
            #expect(throws: IdentityError.self) { try ServerNames(checking: [wrong], ips: []) }
        }
        for wrong in ["", "10.0.0", "10.0.0.7/8", "::1,DNS:x", "host"] {
            #expect(throws: IdentityError.self) { try ServerNames(checking: [], ips: [wrong]) }
        }
        let many = [String](repeating: "a", count: 101)
        #expect(throws: IdentityError.self) { try ServerNames(checking: many, ips: []) }
        let scene = try Scene.make()
        let path = try scene.directory.issue(.shard, "s", names, now: Self.now, days: 1)
        #expect(try scene.directory.member("shard-s.pem").certificate.serverNames == names)
        #expect(path == "certs/shard-s.pem")
    }

    // MARK: - Rotation

    @Test func rotationKeepsNamesAndLifetimeAndTakesANewKey() throws {
        let scene = try Scene.make()
        let old = try scene.directory.listing(now: Self.now)
        let later = Self.now + 60 * Scene.day
        let replaced = try scene.directory.rotate(
            ["shard-shard-0", "client-client-0.pem"], now: later, days: nil)
        #expect(replaced == ["certs/shard-shard-0.pem", "certs/client-client-0.pem"])
        let new = try scene.directory.listing(now: later)
        for (old, new) in zip(old, new) {
            let isReplaced = replaced.contains("certs/\(new.file)")
            #expect((old.fingerprint != new.fingerprint) == isReplaced)
            #expect((old.dns, old.ips, old.identity) == (new.dns, new.ips, new.identity))
            if isReplaced { #expect(new.notAfter == later + 90 * Scene.day) }
        }
        _ = try scene.directory.rotate([], now: later, days: 7)
        #expect(try scene.directory.listing(now: later).dropFirst().allSatisfy { $0.daysLeft == 7 })
    }

    @Test func aDamagedFileStopsARotationBeforeItBegins() throws {
        let scene = try Scene.make()
        let good = try scene.text("worker-worker-0.pem")
        let other = try scene.text("client-client-0.pem")
        let damaged: [[UInt8]] = [
            [], Array("nothing".utf8), Array(good.prefix(good.count / 3)),
            Array(good.prefix(good.count - 60)), other,
            Array(other.prefix(other.count / 2)) + good.suffix(good.count / 2),
        ]
        for bytes in damaged {
            scene.files.put("certs/worker-worker-0.pem", bytes)
            let before = scene.files.contents
            let error = #expect(throws: IdentityError.self) {
                try scene.directory.rotate([], now: Self.now, days: nil)
            }
            #expect(error?.description.contains("certs/worker-worker-0.pem") == true)
            #expect(scene.files.contents == before)
        }
    }

    @Test func anAuthorityIsNotToBeRemoved() throws {
        let scene = try Scene.make()
        scene.files.put("certs/authority.pem", Array("nothing".utf8))
        let error = #expect(throws: IdentityError.self) {
            try scene.directory.rotate([], now: Self.now, days: nil)
        }
        #expect(error?.description.contains("restore it from a copy") == true)
        #expect(error?.description.contains("remove") == false)
    }

    @Test func whatItsAuthorityCutShortIsOfFullLengthUnderTheNext() throws {
        let files = MemoryFiles()
        let directory = CertificateDirectory("certs", files: files)
        try directory.create(cluster: "prod", now: Self.now, days: 10)
        _ = try directory.issue(.worker, "w", .none, now: Self.now, days: 90)
        #expect(try directory.listing(now: Self.now).last?.daysLeft == 10)
        try directory.replaceAuthority(now: Self.now, days: 3650)
        _ = try directory.rotate([], now: Self.now, days: nil)
        #expect(try directory.listing(now: Self.now).last?.daysLeft == 90)
    }

    @Test func anotherDirectoryInTheWayIsLeftAlone() throws {
        let files = MemoryFiles()
        try files.createDirectory("certs.partial")
        files.put("certs.partial/thesis", [1])
        let error = #expect(throws: IdentityError.self) {
            try CertificateDirectory("certs", files: files)
                .create(cluster: "prod", now: Self.now, days: 10)
        }
        #expect(error?.description.contains("certs.partial is in the way") == true)
        #expect(files.contents["certs.partial/thesis"] == [1])
    }

    @Test func whatIsNotThereIsNotRotated() throws {
        let scene = try Scene.make()
        let error = #expect(throws: IdentityError.self) {
            try scene.directory.rotate(["shard-9"], now: Self.now, days: nil)
        }
        #expect(error?.description.contains("shard-shard-0") == true)
        let none = CertificateDirectory("none", files: scene.files)
        let missing = #expect(throws: IdentityError.self) {
            try none.rotate([], now: Self.now, days: nil)
        }
        #expect(missing?.description.contains("lehr certs init") == true)
    }

    @Test func theAuthorityIsReplacedWithAnOverlap() throws {
        let scene = try Scene.make()
        let old = try scene.directory.authority().certificate
        try scene.directory.replaceAuthority(now: Self.now, days: 3650)
        try scene.checkUsable("both are trusted")
        #expect(
            try scene.directory.listing(now: Self.now).map(\.state).prefix(2) == [.trusted, .signs])
        // Members are the old one's still.
        #expect(try scene.directory.member("shard-shard-0.pem").certificate.isSigned(by: old))
        #expect(throws: IdentityError.self) { try scene.directory.retireOldAuthorities() }
        #expect(throws: IdentityError.self) {
            try scene.directory.replaceAuthority(now: Self.now, days: 3650)
        }
        _ = try scene.directory.rotate([], now: Self.now, days: nil)
        #expect(try !scene.directory.member("shard-shard-0.pem").certificate.isSigned(by: old))
        try scene.checkUsable("all are of the new one")
        try scene.directory.retireOldAuthorities()
        try scene.checkUsable("one is trusted")
        #expect(try scene.directory.bundle().count == 1)
        #expect(try scene.directory.authority().cluster == "prod")
    }

    @Test func anAuthorityIssuesNothingBeyondItsEnd() throws {
        let scene = CertificateScene(MemoryFiles())
        try scene.directory.create(cluster: "c", now: Self.now, days: 10)
        _ = try scene.directory.issue(.worker, "w", .none, now: Self.now, days: 90)
        #expect(try scene.directory.listing(now: Self.now).last?.daysLeft == 10)
        let late = Self.now + 10 * Scene.day
        #expect(throws: IdentityError.self) {
            try scene.directory.issue(.worker, "v", .none, now: late, days: 1)
        }
    }

    // MARK: - Killed in the middle

    /// Each command that changes something, on a directory with an authority and five members.
    enum Change: CaseIterable {
        case rotate, replaceAuthority, rotateToTheNew, retire

        func prepare(_ directory: CertificateDirectory) throws {
            let now = CertificateScene.now
            switch self {
            case .rotate, .replaceAuthority: break
            case .rotateToTheNew: try directory.replaceAuthority(now: now, days: 100)
            case .retire:
                try directory.replaceAuthority(now: now, days: 100)
                _ = try directory.rotate([], now: now, days: nil)
            }
        }

        func run(_ directory: CertificateDirectory) throws {
            let now = CertificateScene.now
            switch self {
            case .rotate, .rotateToTheNew: _ = try directory.rotate([], now: now, days: nil)
            case .replaceAuthority: try directory.replaceAuthority(now: now, days: 100)
            case .retire: try directory.retireOldAuthorities()
            }
        }
    }

    @Test(arguments: Change.allCases)
    func killedAnywhereItIsUsableAndCanBeDoneAgain(change: Change) throws {
        let prepared = try Scene.make()
        try change.prepare(prepared.directory)
        let calm = Scene(prepared.files.afterwards())
        try change.run(calm.directory)
        let operations = calm.files.operations
        #expect(operations >= 4)
        for death in 1...operations {
            let dying = Scene(prepared.files.afterwards())
            dying.files.dieAt = death
            #expect(throws: (any Error).self) { try change.run(dying.directory) }
            #expect(dying.files.isDead)
            let found = Scene(dying.files.afterwards())
            try found.checkUsable("\(change) was killed at \(death) of \(operations)")
            try change.run(found.directory)
            try found.checkUsable("\(change) was done again after \(death)")
            let left = found.files.contents.keys.filter { $0.hasSuffix(".partial") }
            #expect(left.isEmpty)
            #expect(found.files.contents["certs/authority-next.pem"] == nil)
        }
    }

    @Test func aDirectoryAppearsWholeOrNotAtAll() throws {
        let calm = MemoryFiles()
        try CertificateDirectory("a/certs", files: calm).create(
            cluster: "c", now: Self.now, days: 1)
        for death in 1...calm.operations {
            let files = MemoryFiles()
            files.dieAt = death
            let directory = CertificateDirectory("a/certs", files: files)
            #expect(throws: (any Error).self) {
                try directory.create(cluster: "c", now: Self.now, days: 1)
            }
            let found = files.afterwards()
            #expect(!found.isDirectory("a/certs"))
            let again = CertificateDirectory("a/certs", files: found)
            try again.create(cluster: "c", now: Self.now, days: 1)
            #expect(try again.authority().cluster == "c")
            #expect(!found.isDirectory("a/certs.partial"))
        }
    }
}
