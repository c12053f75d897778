import Glibc
import LehrCore
import LehrIdentity
import LehrRPC
import LehrTLS

/// A certificate of a server on loopback, for one benchmark.
enum TestCertificate {
    static func files(_ stage: Stage) throws -> TLSFiles {
        let folder = "\(stage.folder)/certificates"
        let name = "\(folder)/shard-bench.pem"
        if access(name, R_OK) != 0 {
            let directory = CertificateDirectory(folder, files: LocalFileSystem())
            let now = UnixTime(Int64(time(nil)))
            try directory.create(cluster: "bench", now: now, days: 1)
            _ = try directory.issue(.shard, "bench", .loopback, now: now, days: 1)
        }
        return TLSFiles(certificate: name, key: name, authority: "\(folder)/ca.pem")
    }
}
