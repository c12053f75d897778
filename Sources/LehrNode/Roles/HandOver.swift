import CLehrWire
import LehrCluster
import LehrCore
import LehrHTTP2
import LehrMembership
import LehrRPC
import LehrWire
import Logging

/// The last work of a shard that is told to end: others get what it owns.
struct HandOver {
    let name: String
    let life: MemberIncarnation
    let coordinator: String
    let limit: Duration
    let logger: Logger

    /// How often the coordinator is asked what is left.
    private static let interval = Duration.milliseconds(250)
    private static let answerMax = Duration.seconds(1)
    /// A part of the whole time.
    private static let absenceShare = 60
    /// The coordinator gives up a drain with a partition that could not move; it is begun so often.
    private static let beginsMax = 3

    private struct Answer {
        let partitions: Int
        let begins: Bool
    }

    /// How long the coordinator may be away: a whole cluster may be told to end at once, and then nobody
    /// would take anything.
    private var absenceMax: Duration { limit / Self.absenceShare }

    /// Returns when nothing is left, nobody takes it, or the time is over.
    func run(on host: CoreHost) async {
        let deadline = ContinuousClock.now + limit
        var left = 0
        var begins = 0
        var absence: ContinuousClock.Instant?
        while ContinuousClock.now < deadline {
            do throws(RPCError) {
                let answer = try await drain(host)
                (left, absence) = (answer.partitions, nil)
                if left == 0 { return }
                if answer.begins { begins += 1 }
                if begins == 1, answer.begins {
                    logger.notice("handing over", metadata: ["partitions": "\(left)"])
                }
                guard begins <= Self.beginsMax else {
                    return giveUp(
                        "a partition could not move; the coordinator's log says why", left)
                }
            } catch {
                absence = absence ?? .now
                let isAway = error.code == .unavailable || error.code == .deadlineExceeded
                guard isAway, let absence, absence + absenceMax > .now else {
                    return giveUp(error.message, left)
                }
            }
            guard (try? await Task.sleep(for: Self.interval)) != nil else { return }
        }
        giveUp("there is no time left", left)
    }

    private func giveUp(_ reason: String, _ left: Int) {
        logger.error(
            "not handed over; jobs whose rows are here fail",
            metadata: ["reason": "\(reason)", "partitions": "\(left)"])
    }

    private func drain(_ host: CoreHost) async throws(RPCError) -> Answer {
        let answer = try? await host.start { [name, life, coordinator] transport, finish in
            transport.channel(to: coordinator).unary(
                CoordinatorMethods.drainMember, CallOptions(timeout: Self.answerMax)
            ) { request, arena in
                request.name = arena.string(name)
                request.incarnation = life.value
            } _: { result in
                finish(
                    .success(
                        result.map {
                            Answer(
                                partitions: Int($0.pointee.partitions),
                                begins: $0.pointee.begins != 0)
                        }))
            }
        }
        guard let answer else { throw RPCError(.unavailable, "its first core has ended") }
        return try answer.get()
    }
}
