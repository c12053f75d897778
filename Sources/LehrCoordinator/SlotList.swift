/// A list whose elements keep their place, so that one goes without a search.
struct SlotList<Element> {
    private var elements: [Element?] = []
    private var free: [Int] = []

    static var countMax: Int { 50_000 }

    var isFull: Bool { count >= Self.countMax }
    var count: Int { elements.count - free.count }
    /// Of some the element may be gone.
    var slots: Range<Int> { elements.indices }

    mutating func insert(_ element: Element) -> Int {
        guard let slot = free.popLast() else {
            elements.append(element)
            return elements.count - 1
        }
        elements[slot] = element
        return slot
    }

    mutating func remove(_ slot: Int) {
        guard elements[slot] != nil else { return }
        elements[slot] = nil
        free.append(slot)
    }

    subscript(slot: Int) -> Element? {
        get { elements[slot] }
        set {
            guard elements[slot] != nil, let newValue else { return }
            elements[slot] = newValue
        }
    }
}
