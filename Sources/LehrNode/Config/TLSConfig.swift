import LehrRPC
import LehrTLS

/// How a process secures its gRPC: TLS by three files, or not at all.
struct TLSConfig: Equatable {
    /// nil: cleartext.
    let files: TLSFiles?
    let clients: ClientCertificates

    /// Notes as problems files that are incomplete, and cleartext that others than this machine
    /// could hear.
    init(_ reader: inout ConfigReader, listen: String) {
        let certificate = reader.text("tls-cert", default: "")
        let key = reader.text("tls-key", default: "")
        let authority = reader.text("tls-ca", default: "")
        let choices = ClientCertificates.allCases.map(\.rawValue)
        let clients = reader.choice("tls-clients", of: choices, default: choices[0])
        self.clients = ClientCertificates(rawValue: clients) ?? .required
        let isInsecure =
            reader.choice("insecure", of: ["false", "true"], default: "false") == "true"

        let given = [certificate, key, authority].count { !$0.isEmpty }
        files =
            given == 3
            ? TLSFiles(certificate: certificate, key: key, authority: authority) : nil
        if given == 1 || given == 2 {
            reader.note(
                "tls-cert, tls-key and tls-ca: give all three, or none; "
                    + "`lehr certs issue` makes a file that is both certificate and key")
        }
        if given == 0, !isInsecure, let address = try? HostPort(listen), !address.isLoopback {
            reader.note(
                "listen: \(listen) can be reached from other machines, and without TLS they may do "
                    + "as they like; give --tls-cert, --tls-key and --tls-ca, or --insecure "
                    + "if the network is trusted")
        }
    }
}
