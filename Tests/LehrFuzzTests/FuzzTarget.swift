/// Code that takes bytes from strangers, run on the bytes of a fuzzer.
struct FuzzTarget: Sendable {
    let name: String
    /// Inputs need not be longer than this many bytes.
    let inputBytesMax: Int
    /// Throws when what must hold for any input does not hold for this one.
    let run: @Sendable (UnsafeRawBufferPointer) throws -> Void

    static let all = [
        ServerTargets.bytes, ServerTargets.frames, ClientTargets.bytes, ClientTargets.frames,
        MessageTarget.target, WireTarget.target, MetadataTarget.target, IdentityTarget.target,
        SegmentTarget.target,
        FormatTarget.target, YAMLTarget.target,
    ]
}

/// What an input has shown to be wrong.
struct FuzzFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Fails unless `condition` holds.
func require(
    _ condition: Bool, _ problem: @autoclosure () -> String
) throws(FuzzFailure) {
    if !condition { throw FuzzFailure(problem()) }
}
