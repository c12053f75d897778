import Glibc
import LehrCore
import LehrMembership

/// Shows who joins a cluster and whose lease ends, line by line.
struct MemberProgress {
    let json: Bool

    /// Follows the cluster map without end. A coordinator that is restarted meanwhile is waited for.
    func follow(at cluster: ClientSettings) async throws {
        try await ControlClient.with(cluster) { try await watch($0) }
    }

    private func watch(_ client: ControlClient) async throws {
        var known: ClusterMap?
        try await client.follow {
            client.watchMap(from: known)
        } _: { map in
            try show(MemberEvent.between(known?.members, map.members))
            known = map
        } until: { _ in
            false
        }
    }

    private func show(_ events: [MemberEvent]) throws {
        for event in events { print(json ? try Formatting.jsonLine(event) : event.text) }
        fflush(nil)
    }
}
