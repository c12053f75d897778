import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor

/// Small calls on many connections, with and without one connection that has large ones in flight.
enum Fairness {
    private static let smallBytes = 64
    private static let bigBytes = 1 << 20
    private static let path = EchoMethod.plain.path

    static func measure(_ stage: Stage) throws -> [Figure] {
        let lehr = try BenchServer.lehr(bytes: smallBytes, stage)
        let small = Small(
            connections: stage.isQuick ? 50 : 1000, perSecond: stage.isQuick ? 500 : 4000,
            seconds: stage.isQuick ? 0.5 : 3)
        var (with, without): ([Latencies], [Latencies]) = ([], [])
        for _ in 0..<stage.rounds {
            without.append(try small.run(on: lehr, besideBig: false))
            with.append(try small.run(on: lehr, besideBig: true))
        }
        let big = Sample(with.map(\.bigPerSecond))
        let note =
            "\(small.perSecond) small calls/s in all, evenly spread; the large ones, one at a time, "
            + "came to \(Int(big.median))/s"
        return [("p50", 0.5), ("p99", 0.99)].map { name, quantile in
            Figure(
                "fairness-\(name)",
                "\(name) of small calls on \(small.connections) connections beside 1 MiB ones",
                unit: "us", lehr: with.map { $0.microseconds(quantile) },
                reference: ("alone", without.map { $0.microseconds(quantile) }),
                note: name == "p99" ? note : nil)
        }
    }

    struct Latencies {
        /// Nanoseconds, in order.
        let sorted: [Int64]
        let bigPerSecond: Double

        func microseconds(_ quantile: Double) -> Double {
            Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * quantile))]) / 1000
        }
    }

    struct Small {
        let connections: Int
        let perSecond: Int
        let seconds: Double

        func run(on server: BenchServer, besideBig: Bool) throws(BenchError) -> Latencies {
            try LoadReactor.run { reactor, end in
                FairnessLoad(self, server.address, on: reactor, end).begin(besideBig: besideBig)
            }
        }
    }

    /// Both kinds of calls from one reactor, which never sleeps, so that it is on time.
    private final class FairnessLoad {
        private let small: Small
        private let reactor: Reactor
        private let end: (Result<Latencies, BenchError>) -> Void
        private let transports: [HTTP2Transport]
        private let channels: [any Channel]
        private let bigTransport: HTTP2Transport
        private let big: any Channel
        private let smallMessage = EchoMessage.encoded(smallBytes)
        private let bigMessage = EchoMessage.encoded(bigBytes)
        private let options = CallOptions(timeout: .seconds(60))
        private var latencies: [Int64] = []
        private var bigCount = 0
        private var isOver = false
        private var begin: Instant

        init(
            _ small: Small, _ address: String, on reactor: Reactor,
            _ end: @escaping (Result<Latencies, BenchError>) -> Void
        ) {
            self.small = small
            self.reactor = reactor
            self.end = end
            // A transport has one connection to an address.
            transports = (0..<small.connections).map {
                HTTP2Transport(reactor: reactor, random: RandomSource(seed: UInt64($0)))
            }
            channels = transports.map { $0.channel(to: address) }
            bigTransport = HTTP2Transport(reactor: reactor, random: RandomSource(seed: 0))
            big = bigTransport.channel(to: address)
            begin = reactor.now
        }

        func begin(besideBig: Bool) {
            // A call on each connection first, so that all are made.
            var waiting = channels.count
            for channel in channels {
                _ = channel.unary(path, smallMessage, options) { [self] result in
                    guard succeeded(result) else { return }
                    waiting -= 1
                    guard waiting == 0 else { return }
                    begin = reactor.now
                    if besideBig { nextBig() }
                    turn(issued: 0)
                }
            }
        }

        /// Makes the small calls that are due; the time that a call is late counts.
        private func turn(issued: Int) {
            var issued = issued
            let passed = Double((reactor.now - begin).nanoseconds)
            let total = Int(small.seconds * Double(small.perSecond))
            let due = min(total, Int(passed * Double(small.perSecond) / 1e9))
            while issued < due {
                let time =
                    begin + .nanoseconds(Int64(issued) * 1_000_000_000 / Int64(small.perSecond))
                _ = channels[issued % channels.count].unary(path, smallMessage, options) {
                    [self] result in
                    guard succeeded(result) else { return }
                    latencies.append((reactor.now - time).nanoseconds)
                    if latencies.count == total { finish() }
                }
                issued += 1
            }
            if !isOver { reactor.post { [self] in turn(issued: issued) } }
        }

        private func nextBig() {
            _ = big.unary(path, bigMessage, options) { [self] result in
                guard succeeded(result), !isOver else { return }
                bigCount += 1
                nextBig()
            }
        }

        private func succeeded(_ result: Result<[UInt8], RPCError>) -> Bool {
            if case .failure(let error) = result, !isOver {
                end(.failure(BenchError("a call has failed: \(error)")))
            }
            return (try? result.get()) != nil
        }

        private func finish() {
            isOver = true
            let rate = Double(bigCount) / (Double((reactor.now - begin).nanoseconds) / 1e9)
            let result = Latencies(sorted: latencies.sorted(), bigPerSecond: rate)
            for transport in transports + [bigTransport] { transport.shutDown(grace: .zero) {} }
            // A moment for the connections to close.
            _ = reactor.schedule(after: .milliseconds(50)) { [end] in end(.success(result)) }
        }
    }
}
