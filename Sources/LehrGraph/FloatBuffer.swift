/// Floats in 64-byte-aligned memory that only grows and is reused from batch to batch.
///
/// Contents are undefined after `resize(to:)` has grown the buffer.
package final class FloatBuffer {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    package private(set) var count: Int

    package init(count: Int = 0) {
        precondition(count >= 0, "a buffer has no negative size")
        capacity = Swift.max(count, 16)
        memory = Self.allocate(capacity)
        self.count = count
    }

    private static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer {
        let bytes = capacity * MemoryLayout<Float>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        memory.initializeMemory(as: Float.self, repeating: 0, count: capacity)
        return memory
    }

    /// Makes room for `count` floats; at least doubles when it has to grow.
    package func resize(to count: Int) {
        precondition(count >= 0, "a buffer has no negative size")
        if count > capacity {
            memory.deallocate()
            capacity = Swift.max(count, 2 * capacity)
            memory = Self.allocate(capacity)
        }
        self.count = count
    }

    package var base: UnsafeMutablePointer<Float> {
        memory.assumingMemoryBound(to: Float.self)
    }

    /// Valid until the next `resize(to:)` and while the object lives.
    package var floats: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: base, count: count)
    }

    /// Valid until the next `resize(to:)` and while the object lives.
    package var readable: UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: base, count: count)
    }

    deinit { memory.deallocate() }
}
