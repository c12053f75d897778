package import LehrCore

/// Why an exported model cannot be written or used: each case names the file.
package enum ArtifactError: Error, Equatable, Sendable {
    case file(FileSystemError)
    /// A safetensors file breaks its format.
    case safetensors(file: String, problem: String)
    /// The manifest is wrong at `key`.
    case manifest(file: String, key: String, problem: String)
    case noManifest(directory: String)
    case missingSegment(directory: String, name: String)
    case wrongSize(file: String, expected: Int, found: Int)
    case wrongHash(file: String, expected: String, found: String)
    case noTensor(file: String, name: String)
    /// A tensor is not of the type or shape that its reader needs.
    case unexpectedTensor(file: String, name: String, expected: String, found: String)
    /// Appended bytes do not make up whole rows.
    case partialRow(tensor: String, rowBytes: Int, byteCount: Int)
    case targetExists(path: String)
    case digest
}

extension ArtifactError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let error): error.description
        case .safetensors(let file, let problem):
            "\(file): not a valid safetensors file: \(problem)"
        case .manifest(let file, let key, let problem): "\(file): \(key): \(problem)"
        case .noManifest(let directory):
            "\(directory) is not an exported model (no \(Manifest.fileName));"
                + " an export that did not finish leaves none: export again"
        case .missingSegment(let directory, let name):
            "\(directory): the manifest names \(name), which does not exist; export again"
        case .wrongSize(let file, let expected, let found):
            "\(file): \(found) bytes, but the manifest says \(expected); copy or export it again"
        case .wrongHash(let file, let expected, let found):
            "\(file): sha256 is \(found), but the manifest says \(expected);"
                + " copy or export it again"
        case .noTensor(let file, let name): "\(file): has no tensor named \(name)"
        case .unexpectedTensor(let file, let name, let expected, let found):
            "\(file): tensor \(name) should be \(expected) but is \(found)"
        case .partialRow(let tensor, let rowBytes, let byteCount):
            "tensor \(tensor): \(byteCount) bytes are not whole rows of \(rowBytes) bytes"
        case .targetExists(let path):
            "\(path) exists; name another directory or remove it"
        case .digest: "OpenSSL cannot compute sha256"
        }
    }
}

/// Runs file operations and reports their failure as this module's error.
func translating<Value>(
    _ body: () throws(FileSystemError) -> Value
) throws(ArtifactError) -> Value {
    do throws(FileSystemError) { return try body() } catch { throw .file(error) }
}
