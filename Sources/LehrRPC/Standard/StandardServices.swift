import LehrWire

/// The services that every server of ours offers besides its own: health and reflection.
package final class StandardServices {
    /// For the role to say how it is; it begins with a server that serves.
    package let health = HealthService()
    private let reflection: ReflectionService

    /// Fails when the embedded descriptors are damaged, INTERNAL.
    package init() throws(RPCError) {
        do throws(WireError) {
            reflection = ReflectionService(try DescriptorPool.embedded())
        } catch {
            throw RPCError(.internal, "the embedded descriptors are \(error)")
        }
    }

    /// Adds the services to a core's table. Methods registered later are reflected too.
    package func register(in table: ServiceTable) {
        health.register(in: table)
        reflection.register(in: table)
    }
}
