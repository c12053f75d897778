import LehrCore
import LehrMembership

/// Something that happened to the membership of a cluster.
struct MemberEvent: Equatable {
    enum Kind: String, Encodable {
        /// It was there when somebody began to look.
        case present
        case joined
        /// Its lease has ended, in whichever way.
        case ended
    }

    let kind: Kind
    let member: Member

    /// What leads from the members of one map to those of a later one, both ordered by incarnation; nil:
    /// nothing was known before.
    static func between(_ before: [Member]?, _ after: [Member]) -> [MemberEvent] {
        guard let before else { return after.map { MemberEvent(kind: .present, member: $0) } }
        let (known, live) = (Set(before.map(\.incarnation)), Set(after.map(\.incarnation)))
        return before.filter { !live.contains($0.incarnation) }
            .map { MemberEvent(kind: .ended, member: $0) }
            + after.filter { !known.contains($0.incarnation) }
            .map { MemberEvent(kind: .joined, member: $0) }
    }

    /// For people.
    var text: String {
        let addresses = member.coreAddresses.isEmpty ? [member.httpAddress] : member.coreAddresses
        let place = addresses.filter { !$0.isEmpty }.map { ", \($0)" }.joined()
        return "\(kind.rawValue) \(member.role.rawValue) \(member.name) "
            + "(incarnation \(member.incarnation.value)\(place))"
    }
}

extension MemberEvent: Encodable {
    private enum CodingKeys: String, CodingKey {
        case event, name, role, incarnation, coreAddresses, httpAddress
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .event)
        try container.encode(member.name, forKey: .name)
        try container.encode(member.role, forKey: .role)
        try container.encode(member.incarnation.value, forKey: .incarnation)
        try container.encode(member.coreAddresses, forKey: .coreAddresses)
        try container.encode(member.httpAddress, forKey: .httpAddress)
    }
}
