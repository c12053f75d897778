import LehrReactor

/// A reactor on the calling thread that generates a load until it is done.
enum LoadReactor {
    /// Runs `body` on a reactor until it calls its second argument; fails after `seconds`.
    static func run<Value>(
        seconds: Int = 120,
        _ body: @escaping (Reactor, @escaping (Result<Value, BenchError>) -> Void) -> Void
    ) throws(BenchError) -> Value {
        var outcome: Result<Value, BenchError>?
        do throws(SystemError) {
            let reactor = try Reactor()
            let end = { (result: Result<Value, BenchError>) in
                outcome = outcome ?? result
                reactor.stop()
            }
            _ = reactor.schedule(after: .seconds(seconds)) {
                end(.failure(BenchError("the load is not done after \(seconds) seconds")))
            }
            reactor.post { body(reactor, end) }
            reactor.run()
        } catch {
            throw BenchError("\(error)")
        }
        guard let outcome else { throw BenchError("the load has ended without a result") }
        return try outcome.get()
    }
}
