import CLehrWire
import LehrCluster
package import LehrMembership
import LehrWire

/// One message of the cluster map, encoded once for all who are sent it.
package final class MapMessage {
    package enum Content {
        case whole(ClusterMap)
        case change(ClusterMapChange)
    }

    package let content: Content
    package private(set) lazy var bytes: [UInt8] = Wire.ClusterMap.encode { wire, arena in
        switch content {
        case .whole(let map): map.fill(&wire, arena)
        case .change(let change): change.fill(&wire, arena)
        }
    }

    init(_ content: Content) { self.content = content }

    /// The version that whoever has taken it knows.
    package var version: UInt64 {
        switch content {
        case .whole(let map): map.version
        case .change(let change): change.version
        }
    }
}
