import CLehrWire
import LehrCluster
import LehrHTTP2
import LehrRPC
import LehrWire
import Logging

/// The last work of a shard that is told to end: others get what it owns.
struct HandOver {
    let name: String
    let coordinator: String
    let limit: Duration
    let logger: Logger

    /// How often the coordinator is asked what is left.
    private static let interval = Duration.milliseconds(250)
    /// How long the coordinator may be away. Often a whole cluster is told to end at once.
    private static let absenceMax = Duration.seconds(1)

    /// Returns when nothing is left, nobody takes it, or the time is over.
    func run(on host: CoreHost) async {
        let deadline = ContinuousClock.now + limit
        var left: Int?
        var heard = ContinuousClock.now
        while ContinuousClock.now < deadline {
            do throws(RPCError) {
                let now = try await drain(host)
                if left == nil, now > 0 {
                    logger.notice("handing over", metadata: ["partitions": "\(now)"])
                }
                (left, heard) = (now, .now)
                if now == 0 { return }
            } catch {
                let isAway = error.code == .unavailable || error.code == .deadlineExceeded
                guard isAway, heard + Self.absenceMax > .now else {
                    return logger.notice(
                        "not handed over", metadata: ["reason": "\(error.message)"])
                }
            }
            guard (try? await Task.sleep(for: Self.interval)) != nil else { return }
        }
        logger.error(
            "no time is left to hand over; jobs that use these rows fail",
            metadata: ["partitions": "\(left ?? 0)", "limit": "\(limit)"])
    }

    /// Partitions that the shard has still to hand over.
    private func drain(_ host: CoreHost) async throws(RPCError) -> Int {
        let answer = try? await host.start { [name, coordinator] transport, finish in
            transport.channel(to: coordinator).unary(
                CoordinatorMethods.drainMember, CallOptions(timeout: Self.absenceMax)
            ) { request, arena in
                request.name = arena.string(name)
            } _: { result in
                finish(.success(result.map { Int($0.pointee.partitions) }))
            }
        }
        guard let answer else { throw RPCError(.unavailable, "its first core has ended") }
        return try answer.get()
    }
}
