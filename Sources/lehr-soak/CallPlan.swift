import LehrCore
import LehrRPC
import LehrWire

/// What happens in a call, drawn at random; the handler reads its part from the request.
struct CallPlan {
    enum Kind: Int, CaseIterable {
        case unary, serverStreaming, clientStreaming, bidirectional

        var path: String { "/soak.Soak/\(self)" }
    }

    /// What the handler does with the call.
    enum Handling: UInt8, CaseIterable {
        case now
        /// After some milliseconds.
        case later
        case fail
        /// Lets go of the call without an answer.
        case drop
        /// Nothing, until the caller goes.
        case hold
        /// Writes on when it is told to stop.
        case flood
    }

    let kind: Kind
    let handling: Handling
    /// The status of a call that fails, and of one that is answered: OK.
    let code: StatusCode
    /// Messages of a stream.
    let count: Int
    /// Bytes of a message.
    let size: Int
    let compresses: Bool
    let timeout: Duration?
    let cancelAfter: Duration?
    /// The reader pauses between messages.
    let isSlow: Bool

    /// Handling, code, count and the size of a message.
    static let headSize = 8

    init(_ random: inout RandomSource) {
        func oneIn(_ bound: Int) -> Bool { random.below(bound) == 0 }
        kind = oneIn(3) ? Kind.allCases[1 + random.below(3)] : .unary
        let isStreaming = kind != .unary
        switch random.below(1000) {
        case 0..<40: handling = .later
        case 40..<70: handling = .fail
        case 70..<75: handling = .drop
        case 75..<85: handling = .hold
        case 85..<86 where kind == .serverStreaming: handling = .flood
        default: handling = .now
        }
        code = handling == .fail ? StatusCode(rawValue: 1 + random.below(16)) ?? .unknown : .ok
        count = handling == .flood ? 200 : isStreaming ? random.below(oneIn(50) ? 200 : 8) : 1
        let large = handling == .flood ? 16 << 10 : oneIn(2000) ? 1 << 20 : 64 << 10
        let bytes = handling == .flood || oneIn(200) ? large : random.below(200)
        size = Self.headSize + (count > 20 && handling != .flood ? bytes / 16 : bytes)
        compresses = oneIn(8)
        isSlow = isStreaming && oneIn(16)
        // Who is held is freed by one of the two.
        let mustEnd = handling == .hold
        timeout =
            oneIn(25) || mustEnd ? .microseconds(100 + random.below(3000)) : .seconds(30)
        cancelAfter = oneIn(25) ? .microseconds(random.below(2000)) : nil
    }

    /// Whether it must succeed unless a connection breaks.
    var isPlain: Bool {
        (handling == .now || handling == .later) && (timeout ?? .zero) > .seconds(1)
            && cancelAfter == nil
    }

    /// A message: the handler's part, and then bytes that tell one message from another.
    func message(_ index: Int) -> [UInt8] {
        var bytes: [UInt8] = [
            handling.rawValue, UInt8(code.rawValue), UInt8(count), UInt8(truncatingIfNeeded: index),
        ]
        bytes += [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: size >> $0) }
        return bytes + filling(index, size - bytes.count)
    }
}

/// The bytes of a message behind its head, which tell one message from another.
private func filling(_ index: Int, _ count: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: 7 &* index), count: max(count, 0))
}

/// The handler's part of a request.
struct Instruction {
    let handling: CallPlan.Handling
    let code: StatusCode
    let count: Int
    let size: Int
    private let head: ArraySlice<UInt8>

    /// nil: the bytes are no request of a `CallPlan`.
    init?(_ message: [UInt8]) {
        guard message.count >= CallPlan.headSize,
            let handling = CallPlan.Handling(rawValue: message[0]),
            let code = StatusCode(rawValue: Int(message[1]))
        else { return nil }
        self.handling = handling
        self.code = code
        count = Int(message[2])
        size = (0..<4).reduce(0) { $0 | Int(message[4 + $1]) << (8 * $1) }
        head = message.prefix(CallPlan.headSize)
    }

    /// A message of the answer, as `CallPlan.message` makes it.
    func message(_ index: Int) -> [UInt8] {
        var bytes = Array(head)
        bytes[3] = UInt8(truncatingIfNeeded: index)
        return bytes + filling(index, size - bytes.count)
    }
}
