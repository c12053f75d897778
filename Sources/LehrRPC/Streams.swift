import LehrWire

/// Where a server-streaming handler writes, with back-pressure.
///
/// A handler that lets go of it without `finish` has ended the call with INTERNAL; `finish` and the
/// caller's going away let go of the closures set here.
package protocol ServerStream: AnyObject {
    /// False when the peer is slower than the writer: stop, and go on at `onWritable`.
    var isWritable: Bool { get }
    var onWritable: (() -> Void)? { get set }
    /// Called once if the caller goes away before the end.
    var onCancel: (() -> Void)? { get set }
    /// What goes before the first message, and after the last; set it before either is sent.
    var metadata: ResponseMetadata { get set }
    /// Queues a message. Writing on while not writable ends the stream with RESOURCE_EXHAUSTED
    /// once `RPCLimits.streamQueueBytesMax` are queued.
    func send(_ message: [UInt8])
    /// Ends the stream; nil: OK.
    func finish(_ error: RPCError?)
}

/// A handler's end of a call that reads many messages.
///
/// It gets only what it asked for: a caller that sends more is stopped by HTTP/2's windows, and what
/// has arrived waits within their bounds. Whoever asks for one message when it has dealt with the
/// one before passes its own speed on to the caller.
package protocol ServerDuplex: ServerStream {
    /// Gets the messages asked for, in order, never inside `request`. Set it before asking.
    var onMessage: (([UInt8]) -> Void)? { get set }
    /// Called once when the caller has sent its last message and all were handed over.
    var onEnd: (() -> Void)? { get set }
    /// Asks for `count` more messages.
    func request(_ count: Int)
}

/// A caller's end of a call that sends many messages; it reads only what it asked for, as a
/// `ServerDuplex` does. What was set here is let go of with the end of the call.
package protocol ClientStream: Call {
    /// False when the peer is slower than the writer: stop, and go on at `onWritable`.
    var isWritable: Bool { get }
    var onWritable: (() -> Void)? { get set }
    /// Queues a message; nothing after `finishSending` or the end of the call. Writing on while not
    /// writable ends the call with RESOURCE_EXHAUSTED once `RPCLimits.streamQueueBytesMax` are queued.
    func send(_ message: [UInt8])
    /// Says that there are no more messages to come.
    func finishSending()
    /// Asks for `count` more messages of the answer.
    func request(_ count: Int)
}

extension Channel {
    /// A call that sends many messages and is answered with one.
    package func clientStreaming(
        _ path: String, _ options: CallOptions,
        _ completion: @escaping (Result<[UInt8], RPCError>) -> Void
    ) -> any ClientStream {
        var answer: [UInt8]?
        var isSurplus = false
        let call = bidirectional(path, options) { message in
            isSurplus = answer != nil
            answer = message
        } onEnd: { error in
            if let error { return completion(.failure(error)) }
            if isSurplus { return completion(.failure(.surplusAnswer(path))) }
            completion(answer.map { .success($0) } ?? .failure(.noMessage))
        }
        // One more than allowed, so that the surplus is noticed.
        call.request(2)
        return call
    }
}
