/// Elements one behind the other in memory, at any address: those of a message begin wherever the
/// message has them. The memory is somebody else's.
///
/// An `UnsafeBufferPointer` wants aligned ones; to load others is one instruction all the same on the
/// processors that Lehr runs on.
package struct PackedElements<Element: BitwiseCopyable>: RandomAccessCollection {
    package let start: UnsafeRawPointer?
    package let count: Int

    @inlinable
    package init(start: UnsafeRawPointer?, count: Int) {
        precondition(count == 0 || start != nil, "elements are somewhere")
        self.start = start
        self.count = count
    }

    @inlinable
    package init(_ elements: UnsafeBufferPointer<Element>) {
        self.init(start: elements.baseAddress, count: elements.count)
    }

    @inlinable package init() { self.init(start: nil, count: 0) }

    @inlinable package var startIndex: Int { 0 }
    @inlinable package var endIndex: Int { count }

    /// As of an `UnsafeBufferPointer`, `position` is checked in debug builds only.
    @inlinable
    package subscript(position: Int) -> Element {
        assert(position >= 0 && position < count, "an element is out of bounds")
        return start.unsafelyUnwrapped.loadUnaligned(
            fromByteOffset: position * MemoryLayout<Element>.stride, as: Element.self)
    }

    /// The elements at the positions of `range`; their own begin at 0.
    @inlinable
    package func part(_ range: Range<Int>) -> PackedElements {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "elements are missing")
        return PackedElements(
            start: start.map { $0 + range.lowerBound * MemoryLayout<Element>.stride },
            count: range.count)
    }

    /// An array of them, by one copy of memory.
    package func copied() -> [Element] {
        Array(unsafeUninitializedCapacity: count) { target, filled in
            UnsafeMutableRawBufferPointer(target).copyMemory(
                from: UnsafeRawBufferPointer(
                    start: start, count: count * MemoryLayout<Element>.stride))
            filled = count
        }
    }
}
