/// How a command reaches a cluster.
struct ClientSettings: Sendable {
    var coordinator: String
    /// Shown to the coordinator, and to nobody else: a shard could use what it is shown.
    var token: ClientToken?
    /// nil: connections are in cleartext.
    var security: CoreSecurity?

    /// Whether others on the way can read what is sent.
    var isEncrypted: Bool { security != nil }
}
