import LehrCore
import LehrWire

/// A call with a message that is sent as often as its `Repetition` asks for, to one end.
///
/// The first attempt of which a message comes, or that ends with OK, is the call from then on, and
/// the others are cancelled. Its deadline is that of all attempts together.
final class RepeatedCall: Call {
    typealias Attempt = (
        CallOptions, _ onMessage: @escaping ([UInt8]) -> Void,
        _ onEnd: @escaping (RPCError?) -> Void
    ) -> any Call

    private let repetition: Repetition
    private let options: CallOptions
    private let deadline: Instant?
    private let channel: RepeatingChannel
    // Attempts need it, and it does not otherwise outlive the caller's interest in it.
    private let transport: any Transport
    private let bytes: Int
    private var backoff: Backoff?
    /// What begins an attempt; nil: there are no more.
    private var attempt: Attempt?
    private var onMessage: ([UInt8]) -> Void
    private var onEnd: ((RPCError?) -> Void)?
    private var running: [(number: Int, call: any Call)] = []
    private var begunCount = 0
    private var addresses: [String] = []
    private var timer: TimerID?
    private var lastError: RPCError?
    /// The attempt that is the call.
    private var chosen: Int?
    /// The attempt whose metadata the caller sees.
    private var shown: (any Call)?

    /// The names of gRPC's metadata for attempts.
    private static let previousAttempts = "grpc-previous-rpc-attempts"
    private static let pushback = "grpc-retry-pushback-ms"

    /// `bytes`: those kept on the channel for this call.
    init(
        _ repetition: Repetition, _ options: CallOptions, on channel: RepeatingChannel, bytes: Int,
        attempt: @escaping Attempt, onMessage: @escaping ([UInt8]) -> Void,
        onEnd: @escaping (RPCError?) -> Void
    ) {
        self.repetition = repetition
        self.options = options
        self.channel = channel
        transport = channel.transport
        self.bytes = bytes
        self.attempt = attempt
        self.onMessage = onMessage
        self.onEnd = onEnd
        deadline = options.timeout.map { channel.transport.core.now + $0 }
        if case .retry(let policy) = repetition { backoff = channel.makeBackoff(policy) }
    }

    var initialMetadata: Metadata { shown?.initialMetadata ?? Metadata() }
    var trailingMetadata: Metadata { shown?.trailingMetadata ?? Metadata() }
    var address: String? { shown?.address }

    func cancel() {
        guard let onEnd = take() else { return }
        transport.core.post { onEnd(.cancelled) }
    }

    // MARK: Attempts

    func begin() {
        guard let attempt else { return }
        let number = begunCount
        begunCount += 1
        var options = self.options
        options.repetition = nil
        if number > 0 {
            options.timeout = deadline.map { $0 - transport.core.now }
            options.metadata.entries.append((Self.previousAttempts, "\(number)"))
            options.avoided = addresses
        }
        let call = attempt(options) { message in
            self.received(message, from: number)
        } _: { error in
            self.ended(number, error)
        }
        running.append((number, call))
        if case .hedge(let policy) = repetition, begunCount < repetition.attemptsMax {
            schedule(after: policy.delay)
        } else if begunCount >= repetition.attemptsMax {
            keepNoMore()
        }
    }

    private func schedule(after delay: Duration) {
        if let timer { transport.core.cancel(timer) }
        timer = transport.core.schedule(after: delay) { [self] in
            timer = nil
            guard channel.throttle.allows else {
                channel.count { $0.throttled += 1 }
                keepNoMore()
                if running.isEmpty { finish(lastError) }
                return
            }
            // Of a hedge, an earlier attempt may know its address only now.
            for address in running.compactMap(\.call.address) { note(address) }
            channel.count {
                if case .hedge = repetition { $0.hedges += 1 } else { $0.retries += 1 }
            }
            begin()
        }
    }

    private func received(_ message: [UInt8], from number: Int) {
        choose(number)
        if chosen == number, onEnd != nil { onMessage(message) }
    }

    private func ended(_ number: Int, _ error: RPCError?) {
        guard onEnd != nil, let index = running.firstIndex(where: { $0.number == number }) else {
            return
        }
        guard let error else {
            choose(number)
            channel.throttle.succeeded()
            return finish(nil)
        }
        guard chosen == nil else { return finish(error) }
        let call = running.remove(at: index).call
        shown = call
        if let address = call.address { note(address) }
        let pushback = call.trailingMetadata[Self.pushback]
        guard repetition.codes.contains(error.code) else { return finish(error) }
        lastError = error
        channel.throttle.failed()
        if !goOn(after: pushback), running.isEmpty { finish(error) }
    }

    /// Plans another attempt after a failure, if there may be one.
    private func goOn(after pushback: String?) -> Bool {
        guard attempt != nil, begunCount < repetition.attemptsMax else { return false }
        guard channel.throttle.allows else {
            channel.count { $0.throttled += 1 }
            keepNoMore()
            return false
        }
        let delay: Duration
        if let pushback {
            guard let milliseconds = Int64(pushback), (0...Int64(UInt32.max)).contains(milliseconds)
            else {
                channel.count { $0.pushedBack += 1 }
                keepNoMore()
                return false
            }
            delay = .milliseconds(milliseconds)
            backoff?.reset()
        } else {
            delay = backoff?.next() ?? .zero
        }
        // Nobody would wait for it.
        if let deadline, transport.core.now + delay >= deadline {
            keepNoMore()
            return false
        }
        schedule(after: delay)
        return true
    }

    private func note(_ address: String) {
        if !addresses.contains(address) { addresses.append(address) }
    }

    // MARK: The end

    /// Makes an attempt the call, unless another is.
    private func choose(_ number: Int) {
        guard chosen == nil, let winner = running.first(where: { $0.number == number }) else {
            return
        }
        chosen = number
        shown = winner.call
        keepNoMore()
        let losers = running.filter { $0.number != number }
        running = [winner]
        channel.count {
            $0.attemptsCancelled += UInt64(losers.count)
            if case .hedge = repetition, number > 0 { $0.hedgesWon += 1 }
        }
        for loser in losers { loser.call.cancel() }
    }

    /// No attempt follows: what they are made of is let go.
    private func keepNoMore() {
        if let timer { transport.core.cancel(timer) }
        timer = nil
        guard attempt != nil else { return }
        attempt = nil
        channel.release(bytes)
    }

    func finish(_ error: RPCError?) { take()?(error) }

    private func take() -> ((RPCError?) -> Void)? {
        guard let onEnd else { return nil }
        self.onEnd = nil
        onMessage = { _ in }
        keepNoMore()
        let calls = running
        running = []
        // The attempt that has ended ignores it.
        for (_, call) in calls { call.cancel() }
        return onEnd
    }
}
