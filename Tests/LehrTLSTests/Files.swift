import LehrCore
import LehrTestSupport

@testable import LehrTLS

/// TLS files of one process in a test.
final class Files {
    private let directory: TemporaryDirectory
    let paths: TLSFiles

    /// Without `issued`, a client that has no certificate.
    init(_ issued: TestAuthority.Issued?, trusting authority: TestAuthority) throws {
        directory = try TemporaryDirectory()
        _ = try directory.write("ca.pem", bytes: authority.pem)
        paths = TLSFiles(
            certificate: issued == nil ? "" : directory.file("cert.pem"),
            key: issued == nil ? "" : directory.file("key.pem"),
            authority: directory.file("ca.pem"))
        if let issued { try replace(issued) }
    }

    func replace(_ issued: TestAuthority.Issued) throws {
        try replaceCertificate(issued)
        try write("key.pem", issued.key)
    }

    func replaceCertificate(_ issued: TestAuthority.Issued) throws {
        try write("cert.pem", issued.certificate)
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        _ = try directory.write(name, bytes: bytes)
    }

    func remove(_ name: String) throws { try directory.files.remove(directory.file(name)) }

    func store(
        clients: ClientCertificates = .required, atSeconds seconds: Int64 = Files.now
    ) throws -> TLSStore {
        try TLSStore(paths, in: directory.files, clients: clients, atSeconds: seconds)
    }

    /// Certificates of tests are valid from an hour before to a day after.
    static var now: Int64 { Int64(wallClockMilliseconds() / 1000) }
}
