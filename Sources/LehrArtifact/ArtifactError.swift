package import LehrCore
package import LehrTable

/// Why an exported model or a table snapshot cannot be written or used: each case names the file.
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
    case noSnapshot(directory: String)
    /// A segment file that the manifest of its directory does not name.
    case unknownSegment(directory: String, name: String)
    case tooManySegments(directory: String, limit: Int)
    /// A manifest is not the one that its checksum file is of.
    case wrongChecksum(file: String, expected: String)
    /// The columns of a segment's rows do not fit each other.
    case columns(file: String, problem: RowColumnsError)
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
            "\(directory): the manifest names \(name), which does not exist; copy or write it again"
        case .wrongSize(let file, let expected, let found):
            "\(file): \(found) bytes, but the manifest says \(expected); copy or write it again"
        case .wrongHash(let file, let expected, let found):
            "\(file): sha256 is \(found), but the manifest says \(expected);"
                + " copy or write it again"
        case .noTensor(let file, let name): "\(file): has no tensor named \(name)"
        case .unexpectedTensor(let file, let name, let expected, let found):
            "\(file): tensor \(name) should be \(expected) but is \(found)"
        case .partialRow(let tensor, let rowBytes, let byteCount):
            "tensor \(tensor): \(byteCount) bytes are not whole rows of \(rowBytes) bytes"
        case .targetExists(let path):
            "\(path) exists; name another directory or remove it"
        case .noSnapshot(let directory):
            "\(directory) is not a table snapshot (no \(Manifest.fileName) with its"
                + " \(SnapshotManifest.checksumFile)); one that did not finish leaves none:"
                + " copy or write it again"
        case .unknownSegment(let directory, let name):
            "\(directory): \(name) is there, but the manifest does not name it;"
                + " copy or write the snapshot again"
        case .tooManySegments(let directory, let limit):
            "\(directory): more than \(limit) segments; write longer ones"
        case .wrongChecksum(let file, let expected):
            "\(file): should be \"\(expected.dropLast())\" for the manifest beside it;"
                + " copy or write both again"
        case .columns(let file, let problem):
            "\(file): \(problem); write it again"
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
