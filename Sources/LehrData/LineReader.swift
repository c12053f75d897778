import Glibc
package import LehrCore

/// Reads a text file line by line, plain or gzip (told apart by the first two bytes), in memory
/// bounded by one line and one inflate chunk.
///
/// Lines end with LF or CRLF; the last may lack its end.
package final class LineReader {
    package var path: String { file.path }
    /// Lines returned so far, so the number (from 1) of the last one.
    package private(set) var lineNumber = 0

    private let file: MappedFile
    private let inflater: GzipInflater?
    private let lineLimit: Int
    /// Inflated bytes; empty when the file is plain, whose mapping is read directly.
    private var buffer: UnsafeMutableRawBufferPointer
    /// The bytes not yet returned, as positions in `buffer` or in the mapping.
    private var start = 0
    private var end = 0
    /// Whether `end` is the end of the text.
    private var isComplete: Bool

    package init(
        path: String, files: any FileSystem, lineLimit: Int = DataLimits.lineBytes
    ) throws(DataError) {
        file = try translating { () throws(FileSystemError) in try files.map(path) }
        self.lineLimit = lineLimit
        if GzipInflater.recognises(file.bytes) {
            inflater = try GzipInflater(file: file)
            buffer = .allocate(byteCount: DataLimits.inflateChunkBytes, alignment: 16)
            isComplete = false
        } else {
            inflater = nil
            buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            end = file.count
            isComplete = true
        }
    }

    deinit { buffer.deallocate() }

    /// The next line without its end, valid until the next call; nil at the end of the file.
    package func next() throws(DataError) -> UnsafeRawBufferPointer? {
        var scanned = 0
        while true {
            let rest = window
            // One more than the limit for a CR, one for the LF.
            let visible = min(rest.count, lineLimit + 2)
            if let length = newline(in: rest, from: scanned, to: visible) {
                start += length + 1
                return try accept(UnsafeRawBufferPointer(rebasing: rest[..<length]))
            }
            scanned = visible
            guard rest.count < lineLimit + 2 else { throw tooLong() }
            if isComplete {
                guard !rest.isEmpty else { return nil }
                start = end
                return try accept(rest)
            }
            try refill()
        }
    }

    private var window: UnsafeRawBufferPointer {
        let all = inflater == nil ? file.bytes : UnsafeRawBufferPointer(buffer)
        return UnsafeRawBufferPointer(rebasing: all[start..<end])
    }

    private func newline(
        in bytes: UnsafeRawBufferPointer, from first: Int, to last: Int
    ) -> Int? {
        guard let base = bytes.baseAddress, last > first,
            let found = memchr(base + first, 10, last - first)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    private func accept(
        _ line: UnsafeRawBufferPointer
    ) throws(DataError) -> UnsafeRawBufferPointer {
        let hasCarriageReturn = line.last == 13
        let text = hasCarriageReturn ? UnsafeRawBufferPointer(rebasing: line.dropLast()) : line
        guard text.count <= lineLimit else { throw tooLong() }
        lineNumber += 1
        return text
    }

    private func tooLong() -> DataError {
        .lineTooLong(file: path, line: lineNumber + 1, limit: lineLimit)
    }

    /// Moves the unread bytes to the front and inflates behind them, growing the buffer only for a
    /// line that fills it.
    private func refill() throws(DataError) {
        let unread = end - start
        if unread > buffer.count / 2 {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: buffer.count * 2, alignment: 16)
            larger.copyMemory(from: window)
            buffer.deallocate()
            buffer = larger
        } else if let base = buffer.baseAddress, unread > 0 {
            memmove(base, base + start, unread)
        }
        start = 0
        end = unread
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[unread...])
        let count = try inflater?.read(into: room) ?? 0
        end += count
        isComplete = count < room.count
    }
}
