import LehrCore
import LehrRPC
import LehrWire

/// One call as its plan says, whose answer is compared with what it must be.
final class SoakCall {
    private let plan: CallPlan
    private let ledger: Ledger
    private let core: any Core
    private var timer: TimerID?
    private var call: (any Call)?
    private var stream: (any ClientStream)?
    private var received = 0
    private var sent = 0
    private var sum = Checksum()

    init(_ plan: CallPlan, _ ledger: Ledger, _ core: any Core) {
        self.plan = plan
        self.ledger = ledger
        self.core = core
    }

    /// Makes it; `completion` gets its status, once.
    func make(on channel: any Channel, _ completion: @escaping (StatusCode) -> Void) {
        let end = ledger.begin("\(self.plan.kind)")
        let conclude = { [self] (error: RPCError?, isWhole: Bool) in
            if error == nil, !isWhole {
                ledger.note("a \(plan.kind) call is OK after \(received) of \(plan.count) messages")
            }
            release()
            end()
            completion(error?.code ?? .ok)
        }
        var options = CallOptions(timeout: plan.timeout)
        options.compresses = plan.compresses
        switch plan.kind {
        case .unary:
            call = channel.unary(plan.kind.path, plan.message(0), options) { [self] result in
                conclude(result.error, check(result))
            }
        case .serverStreaming:
            call = channel.serverStreaming(plan.kind.path, plan.message(0), options) { [self] in
                check($0)
            } onEnd: { [self] error in
                conclude(error, received == plan.count)
            }
        case .clientStreaming:
            let stream = channel.clientStreaming(plan.kind.path, options) { [self] result in
                let answer = try? result.get()
                conclude(result.error, answer == sum.bytes && sent == plan.count)
            }
            start(stream)
        case .bidirectional:
            let stream = channel.bidirectional(plan.kind.path, options) { [self] in
                check($0)
                goOn()
            } onEnd: { [self] error in
                conclude(error, received == plan.count && sent == plan.count)
            }
            stream.request(1)
            start(stream)
        }
        if let delay = plan.cancelAfter, !ended {
            timer = core.schedule(after: delay) { [self] in
                timer = nil
                call?.cancel()
            }
        }
    }

    private var ended = false

    private func release() {
        ended = true
        if let timer { core.cancel(timer) }
        timer = nil
        call = nil
        stream = nil
    }

    // MARK: Sending

    private func start(_ stream: any ClientStream) {
        call = stream
        self.stream = stream
        stream.onWritable = { [weak self] in self?.write() }
        write()
    }

    private func write() {
        guard let stream else { return }
        while sent < plan.count, stream.isWritable {
            let message = plan.message(sent)
            sum.add(message)
            stream.send(message)
            sent += 1
        }
        if sent == plan.count { stream.finishSending() }
    }

    // MARK: The answer

    /// Asks for the next message, perhaps not at once.
    private func goOn() {
        guard plan.isSlow else {
            stream?.request(1)
            return
        }
        _ = core.schedule(after: .microseconds(300)) { [self] in stream?.request(1) }
    }

    private func check(_ message: [UInt8]) {
        if ended { ledger.note("a \(plan.kind) call has got a message after its end") }
        if message != plan.message(received) {
            ledger.note("message \(received) of a \(plan.kind) call is another one")
        }
        received += 1
    }

    /// Of a unary call: whether the answer is the request.
    private func check(_ result: Result<[UInt8], RPCError>) -> Bool {
        guard case .success(let message) = result else { return true }
        check(message)
        return true
    }
}

extension Result where Failure == RPCError {
    fileprivate var error: RPCError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
