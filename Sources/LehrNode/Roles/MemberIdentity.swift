import FoundationEssentials
import LehrCore
import LehrMembership

/// Who a member is from one life to the next: its name and its cluster, kept in its state directory.
struct MemberIdentity: Codable, Equatable {
    var name: String
    var cluster: ClusterID

    private static let fileName = "member.json"

    /// The kept identity, or a new one; `name` overrides, and nothing is kept without a directory.
    static func load(
        _ config: MemberConfig, role: Role, files: any FileSystem
    ) throws(FatalError) -> MemberIdentity {
        var identity = MemberIdentity(name: "", cluster: ClusterID(0))
        let path = config.stateDir + "/" + fileName
        if !config.stateDir.isEmpty, files.size(path) != nil {
            do {
                let bytes = try files.read(path, limit: 1 << 16)
                identity = try JSONDecoder().decode(MemberIdentity.self, from: Data(bytes))
            } catch {
                throw FatalError(
                    description: "\(path) is damaged (\(error)); remove it to start afresh",
                    status: .state)
            }
        }
        if !config.name.isEmpty { identity.name = config.name }
        if identity.name.isEmpty {
            let suffix = String(UInt32.random(in: 0x100000...0xFFFFFF), radix: 16)
            identity.name = "\(role.rawValue)-\(suffix)"
        }
        return identity
    }

    /// Keeps it, replacing the file at once.
    func save(_ config: MemberConfig, files: any FileSystem) throws {
        guard !config.stateDir.isEmpty else { return }
        try files.createDirectory(config.stateDir)
        let path = config.stateDir + "/" + Self.fileName
        let writer = try files.create(path + ".new")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try encoder.encode(self).withUnsafeBytes { try writer.write($0) }
        try writer.finish()
        try files.rename(path + ".new", to: path)
    }
}
