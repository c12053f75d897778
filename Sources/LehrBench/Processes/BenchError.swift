/// Why a benchmark could not be run, and what to do about it.
package struct BenchError: Error, CustomStringConvertible {
    package let description: String
    /// Something that only some measures need is not installed: those are left out.
    package let isMissingPart: Bool

    package init(_ description: String, isMissingPart: Bool = false) {
        self.description = description
        self.isMissingPart = isMissingPart
    }
}
