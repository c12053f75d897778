/// Looks at what a connection of ours has sent: whatever it was sent, that must be HTTP/2.
struct FrameChecker {
    private var bytes: [UInt8] = []
    private var position = 0
    private var ended: Set<Int> = []
    private(set) var streams: Set<Int> = []
    private var isInHeaders = false

    /// `skipping`: the bytes before the first frame.
    init(skipping count: Int = 0) { position = count }

    /// Takes what was sent next; fails on what a peer may not send. What is cut off at the end is
    /// not looked at.
    mutating func take(_ more: some Sequence<UInt8>) throws(FuzzFailure) {
        bytes += more
        while bytes.count >= position + FrameBytes.headSize {
            let head = bytes[position..<position + FrameBytes.headSize].map { Int($0) }
            let length = head[0] << 16 | head[1] << 8 | head[2]
            let stream = head[5] << 24 | head[6] << 16 | head[7] << 8 | head[8]
            guard bytes.count >= position + FrameBytes.headSize + length else { return }
            try check(UInt8(head[3]), UInt8(head[4]), stream, length)
            position += FrameBytes.headSize + length
        }
        guard position == bytes.count else { return }
        bytes.removeAll(keepingCapacity: true)
        position = 0
    }

    private mutating func check(
        _ type: UInt8, _ flags: UInt8, _ stream: Int, _ length: Int
    ) throws(FuzzFailure) {
        guard let kind = FrameBytes.Kind(rawValue: type), kind != .pushPromise else {
            throw FuzzFailure("a frame of type \(type) was sent")
        }
        try require(length <= FrameBytes.payloadMax, "a frame of \(length) bytes was sent")
        try require(
            !isInHeaders || kind == .continuation, "a \(kind) frame stands within a header block")
        switch kind {
        case .data, .headers:
            try require(stream % 2 == 1, "\(kind) was sent on stream \(stream)")
            try require(
                !ended.contains(stream), "\(kind) was sent on stream \(stream) after its end")
            streams.insert(stream)
            if flags & 1 != 0 { ended.insert(stream) }
            if kind == .headers { isInHeaders = flags & 4 == 0 }
        case .continuation: isInHeaders = flags & 4 == 0
        case .reset:
            try require(stream > 0 && length == 4, "a reset of stream \(stream)")
            // A reset after the end is allowed, and says that the rest is not wanted.
            ended.insert(stream)
        case .settings: try require(stream == 0 && length % 6 == 0, "SETTINGS of \(length) bytes")
        case .ping: try require(stream == 0 && length == 8, "a PING of \(length) bytes")
        case .goAway: try require(stream == 0 && length >= 8, "a GOAWAY of \(length) bytes")
        case .windowUpdate: try require(length == 4, "a WINDOW_UPDATE of \(length) bytes")
        case .priority, .pushPromise: break
        }
    }
}
