import LehrCore
import LehrPlacement

extension PlacementProblem {
    /// Small, of any shape: hosts without cores, tables of one partition, some of it placed already.
    static func random(_ random: inout RandomSource) -> PlacementProblem {
        let hosts = (0..<1 + random.below(6)).map { number in
            let cores = number == 0 ? 1 + random.below(3) : random.below(4)
            let share = Double(cores)
            return Host(
                member: MemberIncarnation(UInt64(number + 1)), coreCount: cores,
                capacity: Load(
                    cpu: share, memory: share * Double(60 + random.below(60)),
                    network: Double(10 + random.below(20))))
        }
        let homes = PlacementProblem(variables: [], hosts: hosts).homes
        let gone = Home(member: MemberIncarnation(99), core: 0)
        let variables = (0..<random.below(6)).map { number in
            let bits = random.below(4)
            let isPlaced = random.below(2) == 0
            let lowest = bits - random.below(bits + 1)
            return Variable(
                name: "t\(number)", group: random.below(3), partitionBits: bits,
                cuts: lowest...bits + random.below(3),
                loads: (0..<1 << bits).map { _ in
                    Load(
                        cpu: Double(random.uniform()) * 0.2, memory: Double(1 + random.below(20)),
                        network: Double(random.uniform()))
                },
                current: isPlaced
                    ? (0..<1 << bits).map { _ in
                        switch random.below(6) {
                        case 0: nil
                        case 1: gone
                        default: homes[random.below(homes.count)]
                        }
                    } : [])
        }
        return PlacementProblem(
            variables: variables, hosts: hosts,
            movedBytesMax: random.below(2) == 0 ? nil : Double(random.below(100)))
    }
}

/// Stands still, so that only steps end a search.
struct StoppedClock: MonotonicClock {
    var now: Instant { Instant(nanoseconds: 0) }
}

/// A search by steps alone.
func anneal(
    _ problem: PlacementProblem, steps: Int, seed: UInt64 = 1
) -> Annealer.Outcome? {
    var random = RandomSource(seed: seed)
    return Annealer(clock: StoppedClock()).search(
        problem, budget: Annealer.Budget(steps: steps, time: .seconds(1)), random: &random)
}
