package import LehrCore

/// Why data cannot be read, prepared or written: each case says what, where, and what to do.
package enum DataError: Error, Equatable, Sendable {
    case file(FileSystemError)
    /// zlib refused the stream; `offset` counts compressed bytes.
    case corruptGzip(file: String, offset: Int, reason: String)
    /// The stream ends before its gzip trailer; the sizes are of the compressed file.
    case truncatedGzip(file: String, byteCount: Int)
    case deflate(file: String, code: Int32)
    case lineTooLong(file: String, line: Int, limit: Int)
    /// One malformed line more than the `tolerated`.
    case malformed(MalformedLine, tolerated: Int)
    case blockTooLarge(file: String, byteCount: Int, limit: Int)
    /// A descriptor such as `dataset.json` is wrong at `key`.
    case descriptor(file: String, key: String, problem: String)
    case missingFile(directory: String, name: String)
    case unknownLayout(path: String, found: [String])
    case alreadyPrepared(directory: String)
    case tooLarge(file: String, what: String, limit: Int)
    /// Nothing is left to train on, or an argument makes no sense.
    case unusable(path: String, problem: String)
}

extension DataError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let error): error.description
        case .corruptGzip(let file, let offset, let reason):
            "\(file): corrupt gzip data near compressed byte \(offset): \(reason)"
        case .truncatedGzip(let file, let byteCount):
            "\(file): the gzip data ends too early (\(byteCount) bytes); copy the file again"
        case .deflate(let file, let code):
            "\(file): zlib cannot compress (code \(code))"
        case .lineTooLong(let file, let line, let limit):
            "\(file):\(line): the line is longer than \(limit) bytes"
        case .malformed(let line, let tolerated):
            tolerated == 0
                ? line.description
                : "\(line); \(tolerated) malformed lines were tolerated before it"
        case .blockTooLarge(let file, let byteCount, let limit):
            "\(file): \(byteCount) bytes when loaded, more than the block cache's \(limit);"
                + " prepare the data set with more parts or raise the limit"
        case .descriptor(let file, let key, let problem): "\(file): \(key): \(problem)"
        case .missingFile(let directory, let name):
            "\(directory): the data set names \(name), which does not exist"
        case .unknownLayout(let path, let found): Self.unknownLayout(path: path, found: found)
        case .alreadyPrepared(let directory):
            "\(directory) already holds a data set; name another directory or ask to replace it"
        case .tooLarge(let file, let what, let limit):
            "\(file): more than \(limit) \(what), the bound of what is prepared in memory"
        case .unusable(let path, let problem): "\(path): \(problem)"
        }
    }

    private static func unknownLayout(path: String, found: [String]) -> String {
        let names = found.isEmpty ? "nothing" : found.joined(separator: ", ")
        return """
            \(path) is in no known layout; found \(names). Known layouts (each file plain or .gz):
              explicit split: train.tsv, test.positive.tsv, test.negative.tsv
                (optional: item_map.tsv and movies.dat for titles)
              ratings with times: interactions.tsv with a typed header (user_id, item_id, timestamp)
                (optional: items.tsv for titles)
              libsvm: a *.libsvm file, or a directory with exactly one
            """
    }
}

/// Runs file operations and reports their failure as this module's error.
func translating<Value>(
    _ body: () throws(FileSystemError) -> Value
) throws(DataError) -> Value {
    do throws(FileSystemError) { return try body() } catch { throw .file(error) }
}
