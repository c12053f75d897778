import LehrRPC

/// How a session of bytes from the input goes, taken from its first four bytes.
struct SessionPlan {
    /// What both sides begin with is sent without standing in the input.
    let isGreeted: Bool
    /// Bounds so low that an input of a few hundred bytes reaches them.
    let isTight: Bool
    /// The peer reads what it is sent.
    let reads: Bool
    /// The turn in which our side begins to drain; nil: never.
    let drainTurn: Int?
    let departure: ScriptedPeer.Departure
    /// Our side is shut down rather than left by its peer.
    let shutsDown: Bool
    /// Bytes of a piece where the input is not cut by itself; 0: all are one.
    let pieceBytes: Int
    /// Which calls a client makes.
    let calls: Int
    /// A server's time passes so fast that it waits for nothing for long.
    var isImpatient: Bool { calls & 1 == 1 }

    init(_ reader: inout InputReader) {
        let flags = reader.byte()
        isGreeted = flags & 1 == 0
        isTight = flags & 2 == 0
        reads = flags & 4 == 0
        shutsDown = flags & 8 != 0
        departure = ScriptedPeer.Departure.allCases[Int(flags >> 4 & 3) % 3]
        drainTurn = flags & 64 == 0 ? nil : 1 + Int(flags >> 7) * 3
        pieceBytes = Int(reader.byte())
        calls = reader.short()
    }

    var limits: RPCLimits {
        var limits = RPCLimits()
        guard isTight else { return limits }
        limits.messageBytesMax = 2000
        limits.headerBytesMax = 512
        limits.streamsPerConnectionMax = 6
        limits.streamQueueBytes = 1000
        limits.streamQueueBytesMax = 4000
        limits.unreadBytesMax = 3000
        limits.connectionBytesMax = 10_000
        limits.serverBytesMax = 12_000
        limits.idleFramesBurst = 40
        return limits
    }

    /// Raw bytes in pieces.
    func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        guard pieceBytes > 0 else { return [bytes] }
        return stride(from: 0, to: bytes.count, by: pieceBytes).map {
            Array(bytes[$0..<min($0 + pieceBytes, bytes.count)])
        }
    }
}
