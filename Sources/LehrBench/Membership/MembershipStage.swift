import Glibc
import LehrCore
import LehrMembership
import LehrReactor

/// What the measures of membership share: how large a cluster is, rounds, and folders for state.
package final class MembershipStage {
    let launcher: Launcher
    let processors: Processors
    let isQuick: Bool
    let members: Int

    private static let folder = BenchFolder("members")
    private var runs = 0

    init(
        _ launcher: Launcher, _ processors: Processors, isQuick: Bool, members: Int
    ) throws(BenchError) {
        self.launcher = launcher
        self.processors = processors
        self.isQuick = isQuick
        self.members = members
        try Self.folder.make()
        try Processors.pin(to: processors.load)
        DescriptorLimit.raise()
    }

    var rounds: Int { isQuick ? 1 : 3 }
    /// Sizes of the clusters that live in memory.
    var simulatedMembers: [Int] {
        isQuick ? [members] : [members, min(10 * members, LeaseTable.memberCountMax)]
    }

    /// A coordinator that knows nobody yet, in a process of its own.
    func startCoordinator() throws(BenchError) -> (process: ChildProcess, address: String) {
        runs += 1
        return try BenchCoordinator.start(
            in: Self.folder.make("\(runs)"), by: launcher, on: processors.server)
    }

    deinit { Self.removeFiles() }

    static func removeFiles() { folder.remove() }
}
