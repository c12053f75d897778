/// One version of one model, as its directory `NAME/VERSION` names it.
package struct ModelVersion: Hashable, Sendable, CustomStringConvertible {
    package let name: String
    package let version: UInt64

    package init(name: String, version: UInt64) {
        self.name = name
        self.version = version
    }

    package var description: String { "\(name) version \(version)" }
}
