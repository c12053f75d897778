/// Two servers under the same load, in turns, so that what disturbs the machine disturbs both.
struct Duel {
    let load: any Load
    let stage: Stage

    /// What one server did in each of its turns.
    struct Side {
        let name: String
        /// Calls of one turn.
        let count: Int
        var perSecond: [Double] = []
        /// Microseconds of the server's user and system time a call.
        var cpuMicroseconds: [Double] = []
    }

    func run(_ lehr: BenchServer, _ reference: BenchServer) throws(BenchError) -> (Side, Side) {
        var sides = [Side]()
        for server in [lehr, reference] {
            sides.append(Side(name: server.name, count: try warmUp(server).count))
        }
        for _ in 0..<stage.rounds {
            for (index, server) in [lehr, reference].enumerated() {
                let before = try server.process.cpuSeconds
                let outcome = try make(sides[index].count, on: server)
                let cpu = try server.process.cpuSeconds - before
                sides[index].perSecond.append(outcome.perSecond)
                sides[index].cpuMicroseconds.append(cpu * 1e6 / Double(sides[index].count))
            }
        }
        return (sides[0], sides[1])
    }

    /// Brings a server up to speed, and finds how many calls fill a turn, and the rate.
    func warmUp(_ server: BenchServer) throws(BenchError) -> (count: Int, perSecond: Double) {
        let least = max(load.inFlight * 4, 16)
        var outcome = try make(least, on: server)
        // The first calls pay for the connection, so that more of them tell more.
        let next = Self.count(of: outcome, seconds: stage.turnSeconds / 5, least: least)
        outcome = try make(next, on: server)
        let count = Self.count(of: outcome, seconds: stage.turnSeconds, least: least)
        return (count, outcome.perSecond)
    }

    /// A load that fails because its server has ended says so.
    private func make(_ count: Int, on server: BenchServer) throws(BenchError) -> Outcome {
        do throws(BenchError) {
            return try load.run(count, on: server, stage)
        } catch {
            let ending = server.process.ending().map { "; \($0)" } ?? ""
            throw BenchError("\(error)\(ending)", isMissingPart: error.isMissingPart)
        }
    }

    private static func count(of outcome: Outcome, seconds: Double, least: Int) -> Int {
        max(least, Int(min(outcome.perSecond * seconds, 5e6)))
    }
}
