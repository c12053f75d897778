package import LehrArtifact

/// Why an export cannot be served.
package enum ModelLoadError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Incomplete, damaged, or not an export.
    case artifact(ArtifactError)
    /// A model of a kind that serving cannot answer for.
    case unknownKind(path: String, kind: String)
    /// A tensor contradicts another one, or its own rules.
    case inconsistent(path: String, tensor: String, problem: String)

    package var description: String {
        switch self {
        case .artifact(let error): error.description
        case .unknownKind(let path, let kind):
            "\(path): cannot serve a model of kind \(kind); known are"
                + " \(ExportLayout.TwoTower.kind) and \(ExportLayout.LogisticRegression.kind)"
        case .inconsistent(let path, let tensor, let problem):
            "\(path): tensor \(tensor) \(problem); export again"
        }
    }
}

/// Runs reads of an export and reports their failure as this module's error.
func reading<Value>(
    _ body: () throws(ArtifactError) -> Value
) throws(ModelLoadError) -> Value {
    do throws(ArtifactError) { return try body() } catch { throw .artifact(error) }
}
