/// Elements one behind the other in memory, at any address: those of a message begin wherever the
/// message has them. The memory is somebody else's.
///
/// An `UnsafeBufferPointer` wants aligned ones; to load others is one instruction all the same on the
/// processors that Lehr runs on.
///
/// Public rather than the package's, for only then are its functions inlined where another module loops
/// over elements.
public struct PackedElements<Element: BitwiseCopyable>: RandomAccessCollection {
    public let start: UnsafeRawPointer?
    public let count: Int

    @inlinable
    public init(start: UnsafeRawPointer?, count: Int) {
        precondition(count == 0 || start != nil, "elements are somewhere")
        self.start = start
        self.count = count
    }

    @inlinable
    public init(_ elements: UnsafeBufferPointer<Element>) {
        self.init(start: elements.baseAddress, count: elements.count)
    }

    @inlinable public init() { self.init(start: nil, count: 0) }

    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { count }

    /// As of an `UnsafeBufferPointer`, `position` is checked in debug builds only.
    @inlinable
    public subscript(position: Int) -> Element {
        assert(position >= 0 && position < count, "an element is out of bounds")
        return start.unsafelyUnwrapped.loadUnaligned(
            fromByteOffset: position * MemoryLayout<Element>.stride, as: Element.self)
    }

    /// The elements at the positions of `range`; their own begin at 0.
    @inlinable
    public func part(_ range: Range<Int>) -> PackedElements {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "elements are missing")
        return PackedElements(
            start: start.map { $0 + range.lowerBound * MemoryLayout<Element>.stride },
            count: range.count)
    }

    /// An array of them, by one copy of memory.
    public func copied() -> [Element] {
        Array(unsafeUninitializedCapacity: count) { target, filled in
            UnsafeMutableRawBufferPointer(target).copyMemory(
                from: UnsafeRawBufferPointer(
                    start: start, count: count * MemoryLayout<Element>.stride))
            filled = count
        }
    }
}
