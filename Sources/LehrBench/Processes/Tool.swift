import Glibc

/// A program of the system that some measures need.
enum Tool: String {
    case h2load
    case nghttpd
    case valgrind
    case strip

    private var package: String {
        switch self {
        case .h2load: "nghttp2-client"
        case .nghttpd: "nghttp2-server"
        case .valgrind: "valgrind"
        case .strip: "binutils"
        }
    }

    /// Where it is; says how to install it when it is nowhere.
    func find() throws(BenchError) -> String {
        let listed = getenv("PATH").map { String(cString: $0) } ?? ""
        for folder in listed.split(separator: ":") + ["/usr/bin", "/usr/sbin"] {
            let path = "\(folder)/\(rawValue)"
            if access(path, X_OK) == 0 { return path }
        }
        throw BenchError(
            "\(rawValue) is missing: install Debian's \(package), or run "
                + "`Scripts/install-dependencies bench`", isMissingPart: true)
    }
}
