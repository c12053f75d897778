import DequeModule
import LehrRPC

/// The messages of one direction of a call: no more of them are taken apart than were asked for.
struct IncomingMessages {
    private var decoder: MessageDecoder
    /// Messages that were asked for and have not come.
    private var demand: Int
    /// Bytes that have arrived beyond what was asked for.
    private var waiting = Deque<[UInt8]>()
    /// Bytes of the first of `waiting` that are used.
    private var position = 0
    private(set) var waitingCount = 0

    /// Small pieces are joined up to this many bytes, so that tiny frames take no more memory than
    /// their bytes.
    private static let pieceBytes = 16 << 10

    /// `demand`: `Int.max` for a reader that takes everything.
    init(limits: RPCLimits, demand: Int) {
        decoder = MessageDecoder(limits: limits)
        self.demand = demand
    }

    /// Whether the bytes used so far are whole messages.
    var isBetweenMessages: Bool { decoder.isBetweenMessages }
    /// Messages may be compressed with gzip.
    var allowsGzip: Bool {
        get { decoder.allowsGzip }
        set { decoder.allowsGzip = newValue }
    }
    var hasWaiting: Bool { waitingCount > 0 }
    /// Bytes that are kept for messages not handed over.
    var heldBytes: Int { waitingCount + decoder.heldBytes }
    /// The peer owes the rest of a message that is asked for.
    var isWanting: Bool { demand > 0 && !hasWaiting && !decoder.isBetweenMessages }

    mutating func request(_ count: Int) {
        let (sum, isOverflowing) = demand.addingReportingOverflow(max(count, 0))
        demand = isOverflowing ? .max : sum
    }

    /// Takes the next bytes, of which it keeps what was not asked for; `emit` gets the messages
    /// that they complete. Returns how many bytes are used.
    mutating func feed(
        _ bytes: UnsafeRawBufferPointer, _ emit: (consuming [UInt8]) -> Void
    ) throws(RPCError) -> Int {
        guard !hasWaiting else {
            keep(bytes[...])
            return 0
        }
        var rest = bytes[...]
        while demand > 0, let message = try decoder.next(&rest) {
            if demand < .max { demand -= 1 }
            emit(message)
        }
        if !rest.isEmpty { keep(rest) }
        return bytes.count - rest.count
    }

    /// The next message from what waits, if it was asked for and is complete; `used` becomes the
    /// number of bytes taken for it.
    mutating func next(used: inout Int) throws(RPCError) -> [UInt8]? {
        used = 0
        while demand > 0, let piece = waiting.first {
            let result = piece.withUnsafeBytes { bytes in
                var rest = bytes[position...]
                let message = Result { () throws(RPCError) in try decoder.next(&rest) }
                used += rest.startIndex - position
                position = rest.startIndex
                return message
            }
            if position == piece.count {
                waiting.removeFirst()
                position = 0
            }
            guard let message = try result.get() else { continue }
            if demand < .max { demand -= 1 }
            waitingCount -= used
            return message
        }
        waitingCount -= used
        return nil
    }

    /// Throws away what waits and returns how many bytes that was.
    mutating func discard() -> Int {
        let count = waitingCount
        waiting = []
        position = 0
        waitingCount = 0
        return count
    }

    private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) {
        waitingCount += bytes.count
        let last = waiting.count - 1
        if last >= 0, waiting[last].count + bytes.count <= Self.pieceBytes {
            waiting[last].append(contentsOf: bytes)
        } else {
            waiting.append([UInt8](bytes))
        }
    }
}
