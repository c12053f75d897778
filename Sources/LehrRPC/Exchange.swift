/// One call of a method that answers each message before it reads the next: a caller has one in the
/// handler at most, and behind it what HTTP/2's windows hold.
///
/// A failure ends the call; so does the end of the caller's messages, once the last is answered.
final class Exchange {
    private enum State {
        case reading, answering
        /// The caller does not read its answers.
        case blocked
    }

    // They refer to each other until the call has ended, which lets go of what is set here.
    private let stream: any ServerDuplex
    private let context: CallContext
    private let handler: ServiceTable.UnaryHandler
    private var state = State.reading
    private var hasEnded = false

    init(
        _ stream: any ServerDuplex, _ context: CallContext,
        _ handler: @escaping ServiceTable.UnaryHandler
    ) {
        self.stream = stream
        self.context = context
        self.handler = handler
    }

    func begin() {
        stream.onMessage = { [self] in answer($0) }
        stream.onWritable = { [self] in if state == .blocked { read() } }
        stream.onEnd = { [self] in
            hasEnded = true
            if state != .answering { stream.finish(nil) }
        }
        read()
    }

    private func read() {
        state = .reading
        stream.request(1)
    }

    private func answer(_ message: [UInt8]) {
        state = .answering
        let responder = UnaryResponder { [self] result, _ in
            switch result {
            case .success(let answer): answered(answer)
            case .failure(let error): stream.finish(error)
            }
        }
        handler(context, message, responder)
    }

    private func answered(_ answer: [UInt8]) {
        stream.send(answer)
        if hasEnded { return stream.finish(nil) }
        if stream.isWritable { read() } else { state = .blocked }
    }
}
