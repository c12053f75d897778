import CLehrWire
import LehrCore
import LehrMembership
import LehrRPC
import LehrWire

/// The stream on which a process renews its lease: one renewal at a time, which its answer names by
/// number.
///
/// A stream may stand though nobody is at its other end. So a renewal that is not answered in time costs
/// its stream, and the next one opens another.
final class RenewalStream {
    /// What the coordinator says to a renewal.
    struct Answer {
        let hasEnded: Bool
        let ttl: Duration
        let mapVersion: UInt64
    }

    typealias Completion = (Result<Answer, RPCError>) -> Void

    private struct Renewal {
        let sequence: UInt64
        let timer: TimerID?
        let completion: Completion
    }

    private let core: any Core
    private let channel: any Channel
    private let guards: Guards
    private var stream: RequestStream<Wire.KeepAliveRequest>?
    /// Streams opened: what comes of an earlier one is not heard.
    private var streamCount = 0
    private var sequence: UInt64 = 0
    /// The renewal that waits for its answer.
    private var waiting: Renewal?

    init(core: any Core, channel: any Channel, guards: Guards) {
        self.core = core
        self.channel = channel
        self.guards = guards
    }

    /// Renews a lease; `completion` comes within `patience`, unless the stream is closed before. Not to be
    /// called while a renewal waits.
    func renew(
        _ life: MemberIncarnation, within patience: Duration, _ completion: @escaping Completion
    ) {
        precondition(waiting == nil, "one renewal at a time")
        let stream = stream ?? open()
        sequence += 1
        let number = sequence
        let timer =
            guards.contains(.unansweredRenewalsAreGivenUp)
            ? core.schedule(after: patience) { [self] in giveUp(number) } : nil
        waiting = Renewal(sequence: number, timer: timer, completion: completion)
        stream.send { request, arena in
            (request.n_incarnations, request.incarnations) = arena.numbers([life.value])
            request.sequence = number
        }
    }

    /// Ends the stream; a renewal that waits is forgotten.
    func close() {
        streamCount += 1
        stream?.untyped.cancel()
        stream = nil
        waiting?.timer.map { core.cancel($0) }
        waiting = nil
    }

    private func open() -> RequestStream<Wire.KeepAliveRequest> {
        streamCount += 1
        let number = streamCount
        let opened = channel.bidirectional(CoordinatorMethods.keepAlive) { [self] answer in
            if number == streamCount { receive(answer.pointee) }
        } onEnd: { [self] error in
            guard number == streamCount else { return }
            stream = nil
            finish(.failure(error ?? RPCError(.unavailable, "the coordinator ends the stream")))
        }
        opened.untyped.request(1)
        stream = opened
        return opened
    }

    private func receive(_ answer: borrowing Wire.KeepAliveResponse) {
        stream?.untyped.request(1)
        guard answer.sequence == waiting?.sequence else { return }
        finish(
            .success(
                Answer(
                    hasEnded: answer.n_ended > 0, ttl: .milliseconds(Int64(answer.ttl_ms)),
                    mapVersion: answer.map_version)))
    }

    private func giveUp(_ number: UInt64) {
        guard let waiting, waiting.sequence == number else { return }
        close()
        waiting.completion(
            .failure(RPCError(.deadlineExceeded, "no answer to a renewal of the lease")))
    }

    private func finish(_ result: Result<Answer, RPCError>) {
        guard let waiting else { return }
        self.waiting = nil
        waiting.timer.map { core.cancel($0) }
        waiting.completion(result)
    }
}
