/// A growing array whose elements never move and that never copies more than a few pointers at once.
struct PagedArray<Element: BitwiseCopyable>: ~Copyable {
    private static var pageBits: Int { 10 }
    private static var pageCount: Int { 1 << pageBits }

    private(set) var count = 0
    private var pages = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(capacity: 4)
    private var pageCapacity = 4

    deinit {
        for page in 0..<usedPages { pages[page].deallocate() }
        pages.deallocate()
    }

    /// Where element `index` is, for as long as the array lives.
    @inline(__always)
    func at(_ index: Int) -> UnsafeMutablePointer<Element> {
        precondition(
            UInt(bitPattern: index) < UInt(bitPattern: count), "an element is out of bounds")
        return pages[index >> Self.pageBits] + index & (Self.pageCount - 1)
    }

    subscript(index: Int) -> Element {
        @inline(__always) get { at(index).pointee }
        @inline(__always) nonmutating set { at(index).pointee = newValue }
    }

    mutating func append(_ element: Element) {
        if count == usedPages << Self.pageBits { addPage() }
        count += 1
        at(count - 1).initialize(to: element)
    }

    var indices: Range<Int> { 0..<count }

    private var usedPages: Int { (count + Self.pageCount - 1) >> Self.pageBits }

    private mutating func addPage() {
        let used = usedPages
        if used == pageCapacity {
            let larger = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(
                capacity: 2 * pageCapacity)
            larger.update(from: pages, count: used)
            pages.deallocate()
            pages = larger
            pageCapacity *= 2
        }
        (pages + used).initialize(to: .allocate(capacity: Self.pageCount))
    }
}
