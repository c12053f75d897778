import Glibc

/// The commit of the working directory, for a report of a failure.
enum Revision {
    static var current: String? {
        guard let pipe = popen("git describe --always --dirty --abbrev=12 2>/dev/null", "r") else {
            return nil
        }
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, pipe) != nil else { return nil }
        let text = String(
            decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8($0) }, as: UTF8.self)
        return text.isEmpty ? nil : text
    }
}
