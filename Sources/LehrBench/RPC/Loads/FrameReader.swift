/// Finds the heads of HTTP/2 frames in bytes that may be cut anywhere.
struct FrameReader {
    struct Head: Equatable {
        let length: Int
        let type: UInt8
        let flags: UInt8
    }

    private var head: [UInt8] = []
    /// Of the payload whose head is complete, and how much of it is still to come.
    private var length = 0
    private var rest = 0

    /// `emit` gets the head of each frame when the last of its bytes has come.
    mutating func feed(_ bytes: ArraySlice<UInt8>, _ emit: (Head) -> Void) {
        var bytes = bytes
        while !bytes.isEmpty {
            if head.count < 9 {
                let part = bytes.prefix(9 - head.count)
                head += part
                bytes = bytes.dropFirst(part.count)
                guard head.count == 9 else { return }
                length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
                rest = length
            }
            let part = min(rest, bytes.count)
            bytes = bytes.dropFirst(part)
            rest -= part
            guard rest == 0 else { return }
            emit(Head(length: length, type: head[3], flags: head[4]))
            head.removeAll(keepingCapacity: true)
        }
    }
}
