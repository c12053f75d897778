import Foundation
import LehrRPC

@testable import LehrIdentity

/// The files that say who is who: certificates, and tokens.
enum IdentityTarget {
    static let target = FuzzTarget(name: "identity", inputBytesMax: 2048) { input in
        var reader = InputReader(input)
        let choice = reader.below(3)
        let bytes = reader.remainder()
        switch choice {
        case 0: try tokens(bytes)
        case 1: try certificates(bytes)
        // What is in the envelope of a PEM text, which few changes of it would leave whole.
        default: try certificates(pem(bytes))
        }
    }

    private static func tokens(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard let table = try? TokenTable(bytes) else { return }
        guard let again = try? TokenTable(table.bytes) else {
            throw FuzzFailure("our own token file cannot be read")
        }
        try require(again == table, "a token file comes back changed")
    }

    private static func certificates(_ pem: [UInt8]) throws(FuzzFailure) {
        guard let certificates = try? Certificate.all(in: pem) else { return }
        for certificate in certificates {
            if let identity = certificate.identity {
                try require(
                    PeerIdentity(uri: identity.uri) == identity, "\(identity) is no identity")
            }
            _ = (certificate.serverNames, certificate.organisation)
            _ = (certificate.notBefore, certificate.notAfter)
            try require(certificate.fingerprint.utf8.count == 64, "a fingerprint is cut short")
            _ = certificates.map { certificate.isSigned(by: $0) }
            let again = try? Certificate.all(in: (try? certificate.pem()) ?? [])
            try require(
                again?.map(\.fingerprint) == [certificate.fingerprint],
                "a certificate comes back changed")
        }
    }

    private static func pem(_ bytes: [UInt8]) -> [UInt8] {
        let text = Data(bytes).base64EncodedString(options: .lineLength64Characters)
        return Array("-----BEGIN CERTIFICATE-----\n\(text)\n-----END CERTIFICATE-----\n".utf8)
    }
}
