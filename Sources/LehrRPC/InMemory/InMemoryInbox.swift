/// Messages that have arrived at one end of a simulated call and wait to be asked for.
struct InMemoryInbox {
    private var messages: [[UInt8]] = []
    private var head = 0
    /// Messages that may still be handed over.
    private var demand: Int
    private var isPumping = false
    /// Nothing follows what is here.
    var hasEnded = false

    /// `demand`: `Int.max` for a reader that takes everything.
    init(demand: Int) { self.demand = demand }

    var isEmpty: Bool { head == messages.count }
    /// Whether the reader has had everything, the end excepted.
    var isDrained: Bool { hasEnded && isEmpty }

    mutating func request(_ count: Int) {
        let (sum, isOverflowing) = demand.addingReportingOverflow(max(count, 0))
        demand = isOverflowing ? .max : sum
    }

    mutating func append(_ message: [UInt8]) { messages.append(message) }

    /// The next message, if it was asked for.
    mutating func next() -> [UInt8]? {
        guard demand > 0, head < messages.count else { return nil }
        if demand < .max { demand -= 1 }
        let message = messages[head]
        messages[head] = []
        head += 1
        if head > 64, head > messages.count / 2 {
            messages.removeFirst(head)
            head = 0
        }
        return message
    }

    mutating func removeAll() {
        messages = []
        head = 0
    }

    /// Marks the reader as being told things; false: it is already, further down the stack.
    mutating func beginPumping() -> Bool {
        guard !isPumping else { return false }
        isPumping = true
        return true
    }

    mutating func endPumping() { isPumping = false }
}
