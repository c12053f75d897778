import LehrRPC

@testable import LehrHTTP2

/// The bytes of one direction of a call, cut into messages.
///
/// Whatever the cuts and however the reader asks, the messages are those of the whole, and every byte
/// is either used or waits.
enum MessageTarget {
    static let target = FuzzTarget(name: "messages", inputBytesMax: 4096) { input in
        var reader = InputReader(input)
        var limits = RPCLimits()
        limits.messageBytesMax = 16 << reader.below(12)
        let allowsGzip = reader.byte() & 1 == 0
        let (cut, appetite) = (1 + reader.short() % 700, reader.byte())
        let bytes = reader.remainder()
        let expected = whole(bytes, limits, allowsGzip)
        try compare(
            inPieces(bytes, cut, appetite, limits, allowsGzip), expected, limits)
        try checkOutgoing(expected.messages, cut, limits.compressionRatioMax)
    }

    private struct Outcome {
        var messages: [[UInt8]] = []
        var error: RPCError?
        var isWhole = true
    }

    private static func whole(
        _ bytes: [UInt8], _ limits: RPCLimits, _ allowsGzip: Bool
    ) -> Outcome {
        var decoder = MessageDecoder(limits: limits)
        decoder.allowsGzip = allowsGzip
        var outcome = Outcome()
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            do throws(RPCError) {
                while let message = try decoder.next(&rest) { outcome.messages.append(message) }
            } catch {
                outcome.error = error
            }
        }
        outcome.isWhole = decoder.isBetweenMessages
        return outcome
    }

    /// `appetite`: how many messages the reader asks for after each piece, and how often it looks.
    private static func inPieces(
        _ bytes: [UInt8], _ cut: Int, _ appetite: UInt8, _ limits: RPCLimits, _ allowsGzip: Bool
    ) throws -> Outcome {
        let step = appetite == 255 ? Int.max : Int(appetite % 4)
        var incoming = IncomingMessages(limits: limits, demand: appetite == 255 ? .max : 0)
        incoming.allowsGzip = allowsGzip
        var outcome = Outcome()
        var (fed, used, demand) = (0, 0, 0)
        func pull() throws {
            var count = 0
            while let message = try incoming.next(used: &count) {
                used += count
                demand -= 1
                outcome.messages.append(message)
            }
            used += count
        }
        do {
            for start in stride(from: 0, to: bytes.count, by: cut) {
                let piece = Array(bytes[start..<min(start + cut, bytes.count)])
                fed += piece.count
                used += try piece.withUnsafeBytes { piece in
                    try incoming.feed(piece) {
                        demand -= 1
                        outcome.messages.append($0)
                    }
                }
                try pull()
                try require(
                    fed == used + incoming.waitingCount,
                    "\(fed) bytes were fed, \(used) used, \(incoming.waitingCount) wait")
                guard appetite < 255 else { continue }
                try require(demand >= 0, "more messages came than were asked for")
                demand += step
                incoming.request(step)
            }
            incoming.request(.max)
            demand = .max
            try pull()
            try require(fed == used, "\(fed - used) bytes are left")
            try require(!incoming.hasWaiting, "bytes wait that were used")
        } catch let error as RPCError {
            outcome.error = error
        }
        outcome.isWhole = incoming.isBetweenMessages
        return outcome
    }

    private static func compare(
        _ got: Outcome, _ expected: Outcome, _ limits: RPCLimits
    ) throws(FuzzFailure) {
        try require(
            got.error == expected.error,
            "cut: \(got.error?.description ?? "no error"), "
                + "whole: \(expected.error?.description ?? "no error")")
        try require(got.messages == expected.messages, "the cuts change the messages")
        try require(
            got.error != nil || got.isWhole == expected.isWhole, "the cuts change the end")
        try require(
            got.messages.allSatisfy { $0.count <= limits.messageBytesMax },
            "a message is over the limit")
    }

    /// What is written comes back as it was, whatever the sizes in which it is read.
    private static func checkOutgoing(
        _ messages: [[UInt8]], _ cut: Int, _ ratioMax: Int
    ) throws {
        var outgoing = OutgoingMessages()
        for (index, message) in messages.enumerated() {
            if index % 2 == 0 {
                outgoing.append(message)
            } else {
                outgoing.appendCompressed(message, ratioMax: ratioMax)
            }
        }
        var written: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: cut, alignment: 1)
        defer { buffer.deallocate() }
        while !outgoing.isEmpty {
            let before = outgoing.byteCount
            let count = outgoing.read(into: buffer)
            try require(
                count > 0 && outgoing.byteCount == before - count, "reading does not go on")
            written += buffer[..<count]
        }
        try require(outgoing.byteCount == 0, "bytes are left in an empty queue")
        let back = whole(written, RPCLimits(), true)
        try require(back.error == nil && back.messages == messages, "messages come back changed")
    }
}
