import LehrRPC

/// Calls that a client makes while its server sends what it likes.
final class FuzzCalls {
    /// Calls begun and their ends.
    let ledger = Ledger()
    private let channel: any Channel
    private var calls: [any Call] = []
    private var streams: [any ClientStream] = []
    private var cancelled: [any Call] = []

    private static let part = [UInt8](repeating: 9, count: 600)
    private static let partsMax = 8

    /// Makes four calls; each has four bits of `plan`.
    init(_ plan: Int, on channel: any Channel) {
        self.channel = channel
        for place in 0..<4 { make(plan >> (4 * place) & 15) }
    }

    private func make(_ plan: Int) {
        var options = CallOptions(timeout: plan & 1 == 0 ? nil : .seconds(10))
        options.compresses = plan & 4 != 0
        options.metadata = Metadata([("x-gzip", "1")])
        let path = "/f/\(plan)"
        let end = ledger.begin(path)
        var isOpen = true
        let onMessage = { [ledger] (_: [UInt8]) in
            if !isOpen { ledger.note("\(path) has got a message after its end") }
        }
        let onEnd = { (_: RPCError?) in
            isOpen = false
            end()
        }
        let call: any Call
        switch plan >> 2 {
        case 0: call = channel.unary(path, Self.part, options) { _ in end() }
        case 1:
            call = channel.serverStreaming(
                path, [1], options, onMessage: onMessage, onEnd: onEnd)
        case 2:
            let stream = channel.clientStreaming(path, options) { _ in end() }
            streams.append(stream)
            call = stream
        default:
            let stream = channel.bidirectional(path, options, onMessage: onMessage, onEnd: onEnd)
            stream.request(1)
            streams.append(stream)
            call = stream
        }
        calls.append(call)
        if plan & 2 != 0 { cancelled.append(call) }
    }

    /// Goes on with what the calls send and read.
    func turn(_ turn: Int) {
        for stream in streams {
            if stream.isWritable, turn < Self.partsMax { stream.send(Self.part) }
            if turn == Self.partsMax { stream.finishSending() }
            if turn % 3 == 0 { stream.request(1) }
        }
        guard turn == 6 else { return }
        for call in cancelled { call.cancel() }
    }

    /// Reads whatever still comes, so that no end waits behind a message.
    func readAll() {
        for stream in streams { stream.request(.max) }
    }

    /// What came with the answers, read as a caller does.
    func readMetadata() -> Int {
        calls.reduce(0) { sum, call in
            sum + call.initialMetadata.entries.count
                + call.trailingMetadata.binary("x-bytes-bin").count
        }
    }
}
