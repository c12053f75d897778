import CLinux
import Glibc

/// What a process holds.
struct ProcessFigures {
    /// Open descriptors.
    let descriptors: Int
    /// Bytes taken from `malloc`, and of memory in use.
    let mallocBytes: Int
    let residentBytes: Int

    /// Of this process, after it has given back what it does not use.
    static func now() -> ProcessFigures {
        lehr_malloc_trim()
        return ProcessFigures(
            descriptors: countDescriptors(), mallocBytes: lehr_malloc_in_use(),
            residentBytes: readResidentBytes())
    }

    private static func countDescriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return -1 }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            // Every name but those of the directory and its parent is a number.
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        // The directory itself was open.
        return count - 1
    }

    /// The second number of `statm` is in pages.
    private static func readResidentBytes() -> Int {
        var buffer = [UInt8](repeating: 0, count: 256)
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        let count = read(file, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
