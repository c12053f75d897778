import Foundation
import LehrCore
import LehrMembership
import LehrWire

/// Shows who joins a cluster and whose lease ends, line by line.
struct MemberProgress {
    let json: Bool

    /// How often to look again for a coordinator that has gone away.
    private static let patience = 60

    /// Follows the cluster map without end. A coordinator that is restarted meanwhile is waited for.
    func follow(at cluster: ClientSettings) async throws {
        try await ControlClient.with(cluster) { try await watch($0) }
    }

    private func watch(_ client: ControlClient) async throws {
        var known: ClusterMap?
        var failures = 0
        while true {
            do {
                for try await map in client.watchMap(from: known) {
                    failures = 0
                    try show(MemberEvent.between(known?.members, map.members))
                    known = map
                }
            } catch let error as ClientError {
                failures += 1
                guard known != nil, error.code == .unavailable, failures < Self.patience else {
                    throw error
                }
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func show(_ events: [MemberEvent]) throws {
        for event in events { print(json ? try Formatting.jsonLine(event) : event.text) }
        fflush(nil)
    }
}
