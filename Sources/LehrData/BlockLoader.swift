package import LehrCore

/// Loads one data file as a block in slices of bounded work, so that an event loop can do other
/// things in between.
package final class BlockLoader {
    package let file: String
    private let reader: LineReader
    private var builder: BlockBuilder
    private var malformed: MalformedLineCounter
    private let byteLimit: Int

    /// Opens the file; `byteLimit` bounds the memory of the block while it grows.
    package init(
        file: String, format: LineFormat, files: any FileSystem,
        policy: MalformedLinePolicy = .standard, byteLimit: Int = DataLimits.blockCacheBytes
    ) throws(DataError) {
        self.file = file
        self.byteLimit = byteLimit
        reader = try LineReader(path: file, files: files)
        builder = BlockBuilder(format: format)
        malformed = MalformedLineCounter(policy: policy)
    }

    /// Malformed lines tolerated so far.
    package var malformedCount: Int { malformed.count }
    /// The last malformed line that was tolerated, for a log.
    package var lastMalformed: MalformedLine? { malformed.last }
    /// Lines read so far.
    package var lineCount: Int { reader.lineNumber }

    /// Reads up to `maxLines` more lines: the block once the file is at its end, else nil.
    ///
    /// Empty lines are skipped. Not to be called again after it returned the block or threw.
    package func step(maxLines: Int) throws(DataError) -> Block? {
        for _ in 0..<maxLines {
            guard let line = try reader.next() else {
                return builder.finish(file: file, malformedCount: malformed.count)
            }
            guard !line.isEmpty else { continue }
            do throws(LineProblem) {
                try builder.append(line)
            } catch {
                try malformed.record(error, file: file, line: reader.lineNumber)
            }
            guard builder.byteCount <= byteLimit, !builder.isOverfull else {
                throw .blockTooLarge(file: file, byteCount: builder.byteCount, limit: byteLimit)
            }
        }
        return nil
    }

    /// Reads the rest of the file in one go.
    package func load() throws(DataError) -> Block {
        while true {
            if let block = try step(maxLines: 1 << 16) { return block }
        }
    }
}
