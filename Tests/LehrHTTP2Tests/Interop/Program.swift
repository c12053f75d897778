import Glibc

/// A program that a test runs beside itself, ended at the latest with this object.
final class Program {
    private var process: pid_t = 0

    /// nil: it cannot be started.
    init?(_ arguments: [String]) {
        var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        strings.append(nil)
        defer { for string in strings { free(string) } }
        guard posix_spawnp(&process, arguments[0], nil, nil, strings, environ) == 0 else {
            return nil
        }
    }

    /// Its exit status, once it has ended; 128 for a signal.
    func exitStatus() -> Int32? {
        var status: Int32 = 0
        guard process > 0, waitpid(process, &status, WNOHANG) == process else { return nil }
        process = 0
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128
    }

    deinit {
        guard process > 0 else { return }
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }
}
