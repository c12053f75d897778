/// What a partition asks of its home, or what a home can give: one number for each resource.
package struct Load: Hashable, Sendable {
    /// By `Resource.rawValue`; the last lane is always 0.
    var values: SIMD4<Double>

    /// - Parameters:
    ///   - cpu: cores kept busy: seconds of work a second.
    ///   - memory: bytes.
    ///   - network: bytes a second, both ways together.
    package init(cpu: Double, memory: Double, network: Double) {
        values = SIMD4(cpu, memory, network, 0)
    }

    init(_ values: SIMD4<Double>) { self.values = values }

    package static let zero = Load(SIMD4())

    package subscript(resource: Resource) -> Double { values[resource.rawValue] }

    package static func + (left: Load, right: Load) -> Load { Load(left.values + right.values) }

    package static func * (left: Load, factor: Double) -> Load { Load(left.values * factor) }
}

/// What runs out. The processor and the memory are a core's, the network is its shard's: the cores of
/// a shard share its links, and each has a processor and a part of `--table-memory` of its own.
package enum Resource: Int, CaseIterable, Sendable {
    case cpu
    case memory
    case network
}
