/// A growing array whose elements never move and that never copies more than a few pointers at once.
struct PagedArray<Element: BitwiseCopyable>: ~Copyable {
    private static var pageBits: Int { 10 }
    private static var pageCount: Int { 1 << pageBits }

    private(set) var count = 0
    private var pages: [UnsafeMutablePointer<Element>] = []

    deinit {
        for page in pages { page.deallocate() }
    }

    /// Where element `index` is, for as long as the array lives.
    @inline(__always)
    func at(_ index: Int) -> UnsafeMutablePointer<Element> {
        precondition(index < count, "an element is out of bounds")
        return pages[index >> Self.pageBits] + index & (Self.pageCount - 1)
    }

    subscript(index: Int) -> Element {
        @inline(__always) get { at(index).pointee }
        @inline(__always) nonmutating set { at(index).pointee = newValue }
    }

    mutating func append(_ element: Element) {
        if count == pages.count << Self.pageBits {
            pages.append(.allocate(capacity: Self.pageCount))
        }
        count += 1
        at(count - 1).initialize(to: element)
    }

    var indices: Range<Int> { 0..<count }
}
