import LehrCore

/// Counts malformed lines over all files of a source.
struct MalformedTally {
    var count = 0
    var last: MalformedLine?
}

/// Reads a source file line by line; `body` parses one line and refuses it by throwing.
///
/// Empty lines are skipped. What the policy tolerates is added to `tally`.
func readSource(
    _ path: String, files: any FileSystem, policy: MalformedLinePolicy,
    tally: inout MalformedTally,
    body: (UnsafeRawBufferPointer, _ number: Int) throws(LineProblem) -> Void
) throws(DataError) {
    let reader = try LineReader(path: path, files: files)
    var malformed = MalformedLineCounter(policy: policy)
    while let line = try reader.next() {
        guard !line.isEmpty else { continue }
        do throws(LineProblem) {
            try body(line, reader.lineNumber)
        } catch {
            try malformed.record(error, file: path, line: reader.lineNumber)
        }
    }
    tally.count += malformed.count
    tally.last = malformed.last ?? tally.last
}
