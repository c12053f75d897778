package import LehrCore
package import LehrWire

/// A channel that makes calls again as their `CallOptions.repetition` says; others pass through.
///
/// The throttle, and the bound of the bytes that are kept for another attempt, are the channel's.
/// A call whose message does not fit is made once.
package final class RepeatingChannel: Channel {
    // The transport owns its channels.
    unowned let transport: any Transport
    var throttle: RetryThrottle
    private let inner: any Channel
    private let bytesMax: Int
    private var bytesKept = 0
    private var random: RandomSource
    // Looked up by number; iterated only in the order of the numbers.
    private var running: [UInt64: RepeatedCall] = [:]
    private var nextNumber: UInt64 = 0
    private var isShutDown = false
    private let tally: (_ count: (inout RepeatCounters) -> Void) -> Void

    /// `tally` changes the counters, wherever they are.
    package init(
        _ inner: any Channel, of transport: any Transport, limits: RPCLimits,
        random: RandomSource, tally: @escaping (_ count: (inout RepeatCounters) -> Void) -> Void
    ) {
        self.inner = inner
        self.transport = transport
        self.random = random
        self.tally = tally
        bytesMax = limits.repeatBytesMax
        throttle = RetryThrottle(
            tokensMax: limits.retryTokensMax, tokensPerSuccess: limits.retryTokensPerSuccess)
    }

    package var arenas: ArenaPool { inner.arenas }

    package func unary(
        _ path: String, _ message: [UInt8], _ options: CallOptions,
        _ completion: @escaping (Result<[UInt8], RPCError>) -> Void
    ) -> any Call {
        guard let repetition = options.repetition, keep(message.count) else {
            return inner.unary(path, message, options, completion)
        }
        var answer: [UInt8]?
        return begin(
            repetition, options, bytes: message.count,
            attempt: { [inner] options, onMessage, onEnd in
                inner.unary(path, message, options) { result in
                    switch result {
                    case .success(let message):
                        onMessage(message)
                        onEnd(nil)
                    case .failure(let error): onEnd(error)
                    }
                }
            },
            onMessage: { answer = $0 },
            onEnd: { error in
                if let error { return completion(.failure(error)) }
                completion(answer.map { .success($0) } ?? .failure(.noMessage))
            })
    }

    package func serverStreaming(
        _ path: String, _ message: [UInt8], _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> any Call {
        guard let repetition = options.repetition, keep(message.count) else {
            return inner.serverStreaming(
                path, message, options, onMessage: onMessage, onEnd: onEnd)
        }
        return begin(
            repetition, options, bytes: message.count,
            attempt: { [inner] options, onMessage, onEnd in
                inner.serverStreaming(path, message, options, onMessage: onMessage, onEnd: onEnd)
            },
            onMessage: onMessage, onEnd: onEnd)
    }

    package func bidirectional(
        _ path: String, _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> any ClientStream {
        precondition(options.repetition == nil, "a call that sends many messages is made once")
        return inner.bidirectional(path, options, onMessage: onMessage, onEnd: onEnd)
    }

    private func begin(
        _ repetition: Repetition, _ options: CallOptions, bytes: Int,
        attempt: @escaping RepeatedCall.Attempt, onMessage: @escaping ([UInt8]) -> Void,
        onEnd: @escaping (RPCError?) -> Void
    ) -> RepeatedCall {
        let number = nextNumber
        nextNumber += 1
        let call = RepeatedCall(
            repetition, options, on: self, bytes: bytes, attempt: attempt, onMessage: onMessage,
            onEnd: { [self] error in
                running[number] = nil
                onEnd(error)
            })
        running[number] = call
        call.begin()
        return call
    }

    /// Ends every call that is being repeated or may be, and repeats none again.
    package func shutDown(_ error: RPCError) {
        isShutDown = true
        for number in running.keys.sorted() { running[number]?.finish(error) }
    }

    /// Lets go of every call: its core is dead.
    func forgetAll() { running = [:] }

    // MARK: For the calls

    func count(_ change: (inout RepeatCounters) -> Void) { tally(change) }

    func makeBackoff(_ policy: RetryPolicy) -> Backoff {
        Backoff(
            first: policy.backoffFirst, most: policy.backoffMax,
            random: RandomSource(seed: random.next()))
    }

    private func keep(_ bytes: Int) -> Bool {
        guard !isShutDown else { return false }
        guard bytesKept + bytes <= bytesMax else {
            count { $0.notKept += 1 }
            return false
        }
        bytesKept += bytes
        return true
    }

    func release(_ bytes: Int) { bytesKept -= bytes }
}
