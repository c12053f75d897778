import Glibc

/// Bytes of one system call's output; its memory serves every connection of a core in turn.
final class OutputBuffer {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 64) }

    deinit { memory.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func removeAll() { count = 0 }

    func append(_ start: UnsafePointer<UInt8>, _ size: Int) {
        let space = extend(by: size)
        if let base = space.baseAddress { memcpy(base, start, size) }
    }

    /// Room for `size` bytes more, which the caller fills.
    func extend(by size: Int) -> UnsafeMutableRawBufferPointer {
        if count + size > memory.count { grow(by: size) }
        count += size
        return UnsafeMutableRawBufferPointer(rebasing: memory[(count - size)..<count])
    }

    func removeLast(_ size: Int) { count -= size }

    private func grow(by size: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 2 * (memory.count + size), alignment: 64)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
    }
}
