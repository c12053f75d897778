import LehrWire

// A member speaks for itself only.
extension CallContext {
    /// Throws PERMISSION_DENIED when the caller's certificate is not that of the member it names.
    ///
    /// Where nobody is asked who it is, in cleartext and in memory, every name is believed.
    package func requireToBe(_ role: PeerRole, named name: String) throws(RPCError) {
        guard let identity else { return }
        guard identity.role == role.rawValue, identity.name == name else {
            throw RPCError(
                .permissionDenied,
                """
                \(identity.role) '\(identity.name)' may not speak as \(role.rawValue) '\(name)'; \
                start it with --name \(identity.name), or with that member's certificate
                """)
        }
    }
}
