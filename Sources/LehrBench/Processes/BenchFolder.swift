import Glibc
import LehrCore

/// A folder of a benchmark's own, which is removed with the benchmark.
struct BenchFolder {
    let path: String

    /// - Parameter name: tells a benchmark's folders apart.
    init(_ name: String) { path = "/tmp/lehr-bench-\(getpid())-\(name)" }

    func make() throws(BenchError) { try Self.make(path) }

    /// Makes a folder in it.
    func make(_ name: String) throws(BenchError) -> String {
        try Self.make("\(path)/\(name)")
        return "\(path)/\(name)"
    }

    func remove() { try? LocalFileSystem().remove(path) }

    private static func make(_ path: String) throws(BenchError) {
        guard mkdir(path, 0o700) == 0 else {
            throw BenchError("cannot make \(path): \(String(cString: strerror(errno)))")
        }
    }
}
