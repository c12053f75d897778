/// Finds the heads of HTTP/2 frames in bytes that may be cut anywhere.
struct FrameReader {
    struct Head: Equatable {
        let length: Int
        let type: UInt8
        let flags: UInt8
    }

    private var head: [UInt8] = []
    private var skip = 0

    /// `emit` gets the head of each frame when the last of its bytes has come.
    mutating func feed(_ bytes: ArraySlice<UInt8>, _ emit: (Head) -> Void) {
        var rest = bytes
        while !rest.isEmpty {
            if head.count < 9 {
                let part = rest.prefix(9 - head.count)
                head += part
                rest = rest.dropFirst(part.count)
                guard head.count == 9 else { return }
                skip = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            }
            let part = min(skip, rest.count)
            rest = rest.dropFirst(part)
            skip -= part
            guard skip == 0 else { return }
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            emit(Head(length: length, type: head[3], flags: head[4]))
            head.removeAll(keepingCapacity: true)
        }
    }
}
