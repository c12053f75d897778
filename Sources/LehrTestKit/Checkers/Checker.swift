/// Judges a run by what is seen of it, as it goes and at its end.
package protocol Checker: AnyObject {
    var violations: [String] { get }
    func note(_ sighting: Sighting, in cluster: ClusterSandbox)
    /// Looks at the processes themselves, between any two events.
    func look(at cluster: ClusterSandbox)
}

extension Checker {
    package func note(_ sighting: Sighting, in cluster: ClusterSandbox) {}
    package func look(at cluster: ClusterSandbox) {}
}
