/// The bytes of HTTP/2 frames.
enum FrameBytes {
    enum Kind: UInt8 {
        case data = 0
        case headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate,
            continuation
    }

    static let headSize = 9
    /// The longest payload that a peer which has not asked for more may be sent.
    static let payloadMax = 16_384
    static let magic = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// SETTINGS without any, which both sides begin with.
    static let greeting = frame(.settings, 0, 0, [])

    static func frame(_ kind: Kind, _ flags: UInt8, _ stream: Int, _ payload: [UInt8]) -> [UInt8] {
        frame(type: kind.rawValue, flags, stream, payload)
    }

    static func frame(
        type: UInt8, _ flags: UInt8, _ stream: Int, _ payload: [UInt8]
    ) -> [UInt8] {
        number(payload.count)[1...] + [type, flags] + number(stream) + payload
    }

    /// Four bytes, the highest first.
    static func number(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// A literal field of HPACK that enters no table; the lengths have 7 bits or are cut to fit.
    static func literal(_ name: String, _ value: String) -> [UInt8] {
        let (name, value) = (name.utf8.prefix(126), value.utf8.prefix(126))
        return [0, UInt8(name.count)] + name + [UInt8(value.count)] + value
    }
}
