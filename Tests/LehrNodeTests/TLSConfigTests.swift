import LehrTLS
import Testing

@testable import LehrNode

@Suite struct TLSConfigTests {
    private static let files = ["tls-cert": "c.pem", "tls-key": "k.pem", "tls-ca": "ca.pem"]

    private func read(
        _ flags: [String: String], listen: String = "127.0.0.1:1"
    ) -> (TLSConfig, problems: [String]) {
        var reader = ConfigReader(flags: flags, environment: [:], file: .none)
        let config = TLSConfig(&reader, listen: listen)
        return (config, reader.problems)
    }

    @Test func allFilesOrNone() {
        let (all, problems) = read(Self.files)
        #expect(all.files == TLSFiles(certificate: "c.pem", key: "k.pem", authority: "ca.pem"))
        #expect(problems.isEmpty)
        #expect(read([:]).0.files == nil && read([:]).problems.isEmpty)
        for missing in Self.files.keys {
            var some = Self.files
            some[missing] = nil
            let (config, problems) = read(some)
            #expect(config.files == nil)
            #expect(problems.count == 1 && problems[0].contains("give all three, or none"))
        }
    }

    @Test(arguments: ["0.0.0.0:1", "10.0.0.1:1", "[::]:1", "shard-1.lehr:1"])
    func cleartextIsForLoopback(address: String) {
        let (_, problems) = read([:], listen: address)
        #expect(problems.count == 1)
        #expect(problems.first?.contains("\(address) can be reached from other machines") == true)
        #expect(read(["insecure": "true"], listen: address).problems.isEmpty)
        #expect(read(Self.files, listen: address).problems.isEmpty)
    }

    @Test(arguments: ["127.0.0.1:1", "127.8.8.8:1", "localhost:1", "[::1]:1"])
    func loopbackNeedsNothing(address: String) {
        #expect(read([:], listen: address).problems.isEmpty)
    }

    @Test func clientsNeedACertificateUnlessToldOtherwise() {
        #expect(read(Self.files).0.clients == .required)
        #expect(read(["tls-clients": "optional"]).0.clients == .optional)
        #expect(read(["tls-clients": "never"]).problems.count == 1)
    }
}
